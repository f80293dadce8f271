"""A small HTTP server in a thread of this process, on loopback only."""

import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with kept connections; `self.server.owner` is what `listen` was given."""

    protocol_version = "HTTP/1.1"
    # What cannot be read, a TLS handshake above all, is answered as by any other server of today.
    default_request_version = "HTTP/1.0"
    timeout = 60  # seconds that a silent connection may last
    wbufsize = -1  # head and body in one packet, or the second waits 40 ms for an ACK
    server: "_Server"

    def log_message(self, *_: object) -> None:
        """Nothing goes to standard error."""


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128  # with the default of 5, many clients at once wait a second each
    block_on_close = False  # a kept connection must not hold up the end
    allow_reuse_address = False
    owner: Any

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event here."""


class _Server6(_Server):
    address_family = socket.AF_INET6


@dataclass(frozen=True, slots=True)
class Listening:
    """A server that runs until it is stopped; `address` is "host:port" as a URL writes it."""

    address: str
    _server: _Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Stop listening; answers that are under way are dropped."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def listen(handler: type[Handler], owner: object, *, name: str) -> Listening:
    """Serve on a free port of the loopback interface; `name` is that of the thread."""
    try:
        server: _Server = _Server(("127.0.0.1", 0), handler)
    except OSError:  # a machine with IPv6 only
        server = _Server6(("::1", 0), handler)
    server.owner = owner
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name=name, daemon=True
    )
    thread.start()
    host, port = server.server_address[:2]
    address = f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"
    return Listening(address, server, thread)
