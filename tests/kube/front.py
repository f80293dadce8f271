"""A cluster's API with what the project's own server lacks: ways into pods, and pods' logs.

Everything else is handed to the server behind it as it came. The ports of pods are servers on
loopback, reached over the websocket that the kubernetes client speaks.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import yaml

_PART = re.compile(r"/pods/(?P<pod>[^/]+)/(?P<part>log|portforward)\?(?P<query>\S*)")
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CLOSE = 2, 8


class Front:
    """`ports` lead from (pod, port) to ports here; `says` makes a pod's log longer.

    `answers` are given instead of the server's, by "METHOD /path": a status code and an object.
    What is in `loses` is handed on, and nobody hears the answer. Ways into pods that are in `mute`
    are not answered either, and nothing is while it is `silent`.
    """

    def __init__(self, url):
        self.behind = urlsplit(url).port
        self.ports, self.paths = {}, []
        self.answers, self.loses, self.mute = {}, set(), set()
        self.silent = False
        self._logs, self._said = {}, threading.Condition()
        self._ended = False
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def kubeconfig(self, served, path):
        """Write a kubeconfig that leads here instead of to the server behind."""
        config = yaml.safe_load(served.kubeconfig(path).read_text())
        config["clusters"][0]["cluster"]["server"] = self.url
        path.write_text(yaml.safe_dump(config))
        return path

    def says(self, pod, text):
        with self._said:
            self._logs[pod] = self._logs.get(pod, b"") + text.encode()
            self._said.notify_all()

    def hang_up(self):
        """End every connection, as a server that is restarted does."""
        with self._said:
            ends = list(self._open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self):
        """Answer nobody any more."""
        with self._said:
            self._ended = True
            self._said.notify_all()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        self.hang_up()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self._said:
            self._open.add(client)
        try:
            with contextlib.suppress(OSError, EOFError):
                self._answer(client)
        finally:
            with self._said:
                self._open.discard(client)
            client.close()

    def _answer(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            if not (piece := client.recv(65536)):
                return
            head += piece
        line = head.split(b"\r\n", 1)[0].decode()
        self.paths.append(line)
        if self.silent:
            _hear_out(client)
            return
        found = _PART.search(line)
        asked = " ".join(line.split()[:2]).partition("?")[0]
        if asked in self.answers:
            code, told = self.answers[asked]
            body = json.dumps(told).encode()
            client.sendall(
                b"HTTP/1.1 %d Told\r\nConnection: close\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (code, len(body), body)
            )
        elif found is None:
            # One request each, so that none of a kept connection passes by unread.
            head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            with socket.create_connection(("127.0.0.1", self.behind)) as behind:
                behind.sendall(head)
                _both_ways(client, behind, silent=asked in self.loses)
        elif found["part"] == "log":
            self._tell(client, found["pod"], follow="follow=True" in found["query"])
        else:
            self._forward(client, head, found["pod"], int(found["query"].partition("=")[2]))

    def _tell(self, client, pod, *, follow):
        client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n")
        with self._said:
            at = 0 if not follow else len(self._logs.get(pod, b""))
        while True:
            with self._said:
                while follow and not self._ended and len(self._logs.get(pod, b"")) <= at:
                    self._said.wait()
                piece = self._logs.get(pod, b"")[at:]
                at += len(piece)
            client.sendall(piece)
            if not follow or self._ended:
                return

    def _forward(self, client, head, pod, port):
        if pod in self.mute:
            _hear_out(client)
            return
        if (pod, port) not in self.ports:
            body = f'pods "{pod}" not found'.encode()
            client.sendall(
                b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            return
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
        client.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n\r\n"
        )
        for channel in (b"\0", b"\1"):
            client.sendall(_frame(channel + struct.pack("<H", port)))
        with socket.create_connection(("127.0.0.1", self.ports[pod, port])) as backend:
            thread = threading.Thread(target=_framed, args=(backend, client), daemon=True)
            thread.start()
            with contextlib.suppress(OSError, EOFError):
                while (data := _read_frame(client)) is not None:
                    backend.sendall(data[1:])
            with contextlib.suppress(OSError):
                backend.shutdown(socket.SHUT_RDWR)
            thread.join()


def _hear_out(client):
    with contextlib.suppress(OSError):
        while client.recv(65536):
            pass


def _both_ways(client, behind, *, silent):
    """Carry until either side ends; a silent client hears nothing of what is answered."""

    def back():
        with contextlib.suppress(OSError):
            while piece := behind.recv(65536):
                if silent:
                    break
                client.sendall(piece)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    with contextlib.suppress(OSError):
        while piece := client.recv(65536):
            behind.sendall(piece)
    with contextlib.suppress(OSError):
        behind.shutdown(socket.SHUT_RDWR)
    thread.join()


def _framed(backend, client):
    with contextlib.suppress(OSError):
        while piece := backend.recv(65536):
            client.sendall(_frame(b"\0" + piece))
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _frame(data):
    length = len(data)
    if length < 126:
        size = bytes([length])
    elif length < 1 << 16:
        size = b"\x7e" + struct.pack(">H", length)
    else:
        size = b"\x7f" + struct.pack(">Q", length)
    return bytes([0x80 | BINARY]) + size + data


def _read_frame(client):
    """Return the content of the next frame with data, None at the end."""
    first, second = _exactly(client, 2)
    length = second & 0x7F
    if length >= 126:
        wide = 2 if length == 126 else 8
        length = int.from_bytes(_exactly(client, wide), "big")
    mask = _exactly(client, 4) if second & 0x80 else b"\0\0\0\0"
    data = _exactly(client, length)
    if first & 0x0F == CLOSE:
        return None
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def _exactly(client, count):
    data = b""
    while len(data) < count:
        if not (piece := client.recv(count - len(data))):
            raise EOFError
        data += piece
    return data


class Pages:
    """An HTTP server whose pages are set: text, or (status, text); what is not set is a 404.

    A page is found by its path with the query, else by its path alone.
    """

    def __init__(self):
        pages: dict[str, Any] = {}
        asked: list[str] = []
        self.pages, self.asked = pages, asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked.append(self.path)
                found = pages.get(self.path, pages.get(self.path.partition("?")[0], (404, "")))
                found = found() if callable(found) else found
                status, text = found if isinstance(found, tuple) else (200, found)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
