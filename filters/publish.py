"""Serves modules over HTTP on loopback, and misbehaves on request."""

import socket
import threading
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from itertools import count
from socketserver import ThreadingTCPServer
from typing import Self

from filters.module import Module

CONTENT_TYPE = "application/wasm"


@dataclass(slots=True)
class _Resource:
    """What one path answers: `status` for the first `failures` requests, then the body."""

    body: bytes
    status: int = 200
    failures: int = 0
    delay: float = 0.0  # seconds before the first byte
    cut: int | None = None  # bytes after which the connection closes, against what was announced


class FileServer:
    """A file server for modules; a context manager that listens while the block runs.

    Every path is handed out once, so that a cache that goes by the URL (pilot-agent's does) never
    answers for another test.
    """

    def __init__(self) -> None:
        """Prepare; nothing listens yet."""
        self._resources: dict[str, _Resource] = {}
        self._published: dict[str, str] = {}  # sha256 -> URL
        self._requests: Counter[str] = Counter()
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Listen on a free port of the loopback interface."""
        self._closing.clear()
        self._server = _listening(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="file-server",
            daemon=True,
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; answers that are still delayed are dropped."""
        if self._server is not None and self._thread is not None:
            self._closing.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    @property
    def base(self) -> str:
        """Return the URL of the server without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the file server does not listen; use it as a context manager")
        host, port = self._server.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def publish(self, module: Module) -> str:
        """Return the URL of a module; the same one for the same content."""
        if module.sha256 not in self._published:
            self._published[module.sha256] = self.serve(f"{module.name}.wasm", module.read())
        return self._published[module.sha256]

    def serve(self, name: str, body: bytes) -> str:
        """Return a new URL that ends with `name` and answers with `body`."""
        return self._add(name, _Resource(body))

    def serve_status(
        self, name: str, status: int, *, then: Module | None = None, times: int | None = None
    ) -> str:
        """Return a new URL that answers with `status`; after `times` requests with `then`.

        Without `times` it answers so for ever.
        """
        failures = -1 if times is None or then is None else times
        body = b"" if then is None else then.read()
        return self._add(name, _Resource(body, status=status, failures=failures))

    def serve_slowly(self, name: str, body: bytes, *, delay: float) -> str:
        """Return a new URL that answers after `delay` seconds."""
        return self._add(name, _Resource(body, delay=delay))

    def serve_truncated(self, name: str, body: bytes, *, keep: int) -> str:
        """Return a new URL that announces all of `body` and closes after `keep` bytes."""
        return self._add(name, _Resource(body, cut=keep))

    def requests(self, url: str) -> int:
        """Return how often this URL was asked for, whatever the answer was."""
        with self._lock:
            return self._requests[url.removeprefix(self.base)]

    def _add(self, name: str, resource: _Resource) -> str:
        path = f"/{next(self._numbers)}/{name}"
        with self._lock:
            self._resources[path] = resource
        return self.base + path

    def _asked(self, path: str) -> tuple[_Resource | None, int]:
        """Count a request; return the resource and the status of the answer."""
        with self._lock:
            self._requests[path] += 1
            resource = self._resources.get(path)
            if resource is None:
                return None, 404
            if resource.failures == 0:
                return resource, 200
            resource.failures -= 1
            return resource, resource.status


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128  # with the default of 5, many clients at once wait a second each
    block_on_close = False  # a kept connection must not hold up the end
    allow_reuse_address = False
    owner: FileServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event here."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _listening(owner: FileServer) -> _Server:
    try:
        server = _Server(("127.0.0.1", 0), _Handler)
    except OSError:  # a machine with IPv6 only
        server = _Server6(("::1", 0), _Handler)
    server.owner = owner
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a silent connection may last
    wbufsize = -1  # head and body in one packet, or the second waits 40 ms for an ACK
    server: _Server

    def do_GET(self) -> None:
        """Answer with the whole resource."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the headers of GET."""
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Nothing goes to standard error."""

    def _answer(self, *, with_body: bool) -> None:
        owner = self.server.owner
        resource, status = owner._asked(self.path)
        body = resource.body if resource is not None and status == 200 else b""
        if resource is not None and resource.delay and owner._closing.wait(resource.delay):
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and resource is not None:
            self.wfile.write(body[: resource.cut])
            self.close_connection |= resource.cut is not None
