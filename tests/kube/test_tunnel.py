"""The tunnel between this machine and a relay, the relay being a process here instead of a pod."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clusters import waiting
from clusters.kube import relay
from clusters.kube.relay import LISTEN, OPEN, PORTS
from clusters.kube.tunnel import Tunnel, TunnelBroken

BIG = os.urandom(1 << 20) * 3


@pytest.fixture(scope="module")
def relay_port():
    """The control port of a relay that runs as a process of its own."""
    command = [sys.executable, "-S", "-E", "-B", relay.__file__, "0", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[-1])
        process.kill()


def connecting(port):
    return lambda: socket.create_connection(("127.0.0.1", port))


@pytest.fixture
def tunnel(relay_port):
    tunnel = Tunnel(connecting(relay_port), name="here")
    yield tunnel
    tunnel.close()


@contextlib.contextmanager
def served(answer):
    """A server on loopback that lets `answer` treat each accepted connection; yields its port."""
    server = socket.create_server(("127.0.0.1", 0), backlog=128)

    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=treat, args=(connection,), daemon=True).start()

    def treat(connection):
        with connection, contextlib.suppress(OSError):
            answer(connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def everything(connection):
    received = b""
    while data := connection.recv(1 << 16):
        received += data
    return received


def through(tunnel, port):
    return socket.create_connection(("127.0.0.1", tunnel.reach(port)), timeout=20)


def test_bytes_come_and_go_and_each_half_ends_by_itself(tunnel):
    def answer(connection):
        received = everything(connection)  # ends only if the half-close arrives
        connection.sendall(hashlib.sha256(received).digest() + BIG)

    with served(answer) as port, through(tunnel, port) as client:
        client.sendall(BIG)
        client.shutdown(socket.SHUT_WR)
        assert everything(client) == hashlib.sha256(BIG).digest() + BIG


def test_the_other_half_goes_on_after_the_first_has_ended(tunnel):
    def answer(connection):
        connection.sendall(b"first")
        connection.shutdown(socket.SHUT_WR)
        heard.append(everything(connection))
        done.set()

    heard: list[bytes] = []
    done = threading.Event()
    with served(answer) as port, through(tunnel, port) as client:
        assert everything(client) == b"first"
        client.sendall(b"second")
        client.shutdown(socket.SHUT_WR)
        assert done.wait(10)
    assert heard == [b"second"]


def test_one_who_reads_nothing_holds_up_nobody_else(tunnel):
    with (
        served(lambda connection: connection.sendall(BIG * 4)) as port,
        through(tunnel, port) as idle,
    ):
        with through(tunnel, port) as other:
            assert len(everything(other)) == len(BIG) * 4
        assert len(everything(idle)) == len(BIG) * 4


def test_a_connection_that_is_cut_ends_on_the_other_side(tunnel):
    def answer(connection):
        connection.recv(10)
        connection.sendall(b"half of it")

    with served(answer) as port, through(tunnel, port) as client:
        client.sendall(b"a request ")
        assert everything(client) == b"half of it"


def test_a_connection_that_is_reset_is_reset_on_the_other_side(tunnel):
    def answer(connection):
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with served(answer) as port, through(tunnel, port) as client:
        client.sendall(b"a request ")
        with pytest.raises(ConnectionResetError):
            everything(client)


def test_where_nobody_listens_a_connection_is_refused(tunnel):
    with served(everything) as port:
        own = tunnel.reach(port)
    assert tunnel.reach(port) == own

    def connected():
        try:
            socket.create_connection(("127.0.0.1", own)).close()
        except ConnectionRefusedError:
            return "refused"
        return "accepted"

    waiting.until(connected, lambda seen: seen == "refused", what="a refusal", within=5)


def test_who_listens_again_is_reached_again(tunnel):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    own = tunnel.reach(port)
    with socket.create_server(("127.0.0.1", port)):
        assert tunnel.reach(port) == own
        socket.create_connection(("127.0.0.1", own)).close()


def test_what_was_not_named_is_not_reached(relay_port):
    """A relay gone wrong asks for a port that nobody announced, and one that was."""
    asked = threading.Event()
    answers: list[bytes] = []
    reached: list[str] = []
    ports: dict[str, int] = {}

    def wrong(connection):
        named, unnamed = ports["named"], ports["unnamed"]
        connection.sendall(relay.HEADER.pack(relay.HELLO, 0, 0))
        kind, number, _ = relay.HEADER.unpack(connection.recv(relay.HEADER.size))
        assert (kind, number) == (LISTEN, named)
        connection.sendall(relay.HEADER.pack(relay.LISTENING, 0, 4) + PORTS.pack(named, 1))
        for stream, port in ((1, unnamed), (2, named)):
            connection.sendall(relay.HEADER.pack(OPEN, stream, 4) + PORTS.pack(port, 0))
        answers.append(connection.recv(1024))
        asked.set()
        everything(connection)

    with (
        served(lambda connection: reached.append("unnamed")) as unnamed,
        served(lambda connection: reached.append("named")) as named,
        served(wrong) as control,
    ):
        ports |= {"named": named, "unnamed": unnamed}
        tunnel = Tunnel(connecting(control), name="wrong")
        tunnel.reach(named)
        assert asked.wait(10)
        waiting.until(lambda: "named" in reached, bool, what="the named one", within=5)
        tunnel.close()
    assert answers[0][: relay.HEADER.size] == relay.HEADER.pack(relay.RESET, 1, 0)
    assert "unnamed" not in reached


def test_a_tunnel_whose_relay_ends_says_so():
    with served(lambda connection: connection.sendall(relay.HEADER.pack(0, 0, 0))) as control:
        tunnel = Tunnel(connecting(control), name="default/relay")
        waiting.until(lambda: tunnel.broken, bool, what="the end", within=5)
    with pytest.raises(TunnelBroken, match="default/relay broke: the relay closed it"):
        tunnel.reach(1)
    tunnel.close()


def test_no_relay_is_no_tunnel():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TunnelBroken, match="refused"):
        Tunnel(connecting(port), name="nowhere")


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


def test_a_kept_connection_carries_thousands_of_requests_beside_new_ones(tunnel):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    own = tunnel.reach(server.server_address[1])

    def ask(count, *, kept):
        connection = http.client.HTTPConnection("127.0.0.1", own, timeout=20)
        for _ in range(count):
            connection.request("GET", "/")
            bodies.append(connection.getresponse().read())
            if not kept:
                connection.close()
        connection.close()

    bodies: list[bytes] = []
    threads = [
        threading.Thread(target=ask, args=(count,), kwargs={"kept": kept})
        for count, kept in ((2000, True), (300, False), (300, False))
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    server.shutdown()
    server.server_close()
    assert bodies == [b"hello"] * 2600


def test_a_relay_that_nobody_holds_ends():
    asyncio.run(asyncio.wait_for(relay.serve(0, "127.0.0.1", forsaken=0.1), timeout=10))
