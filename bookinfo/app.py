"""Bookinfo's stand-in: answers on every route and remembers each request.

Unlike the real product page it answers every method with 200, so that a check can tell "the
gateway let it through" from "the gateway refused it" for every method alike.
Run by hand: `python -m bookinfo.app 9080`; in a pod, `python3 app.py 9080 0.0.0.0`.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = b"<!DOCTYPE html><title>Simple Bookstore App</title><h1>The Comedy of Errors</h1>\n"


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it reached the application."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of a request header, one item per line."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())


class Application:
    """The stand-in on a free loopback port, in threads of this process; close it when done."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._received: list[Received] = []
        received = self._received

        class Handler(_Page):
            seen = received

        self._server = _Server((host, port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="bookinfo", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that the application listens on."""
        return int(self._server.server_address[1])

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Yield a view of the requests that arrive from now on."""
        yield Watch(self._received, len(self._received))

    def close(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True, slots=True)
class Watch:
    """The requests that reached the application since the watch began."""

    _all: list[Received]
    _from: int

    @property
    def received(self) -> tuple[Received, ...]:
        """What has arrived so far, oldest first."""
        return tuple(self._all[self._from :])

    def __len__(self) -> int:
        return len(self.received)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A proxy that goes away mid-request is no news here; anything else is.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write per answer, not one per header line
    seen: list[Received] | deque[Received]

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class looks up do_<METHOD>; every method is welcome here.
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        # Not self.path: the base class turns a leading `//` into `/`.
        path = self.requestline.split(" ")[1]
        received = Received(self.command, path, tuple(self.headers.items()), b"".join(self._body()))
        self.seen.append(received)
        kind, page = _page_for(received)
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(page)))
        for name, value in received.headers:
            # A client may ask for response headers, to see what a filter makes of them.
            if name.lower() == "x-echo-header":
                key, _, content = value.partition(":")
                self.send_header(key.strip(), content.strip())
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def _body(self) -> Iterator[bytes]:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            yield self.rfile.read(int(self.headers.get("content-length", 0)))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def version_string(self) -> str:
        return "bookinfo"

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _page_for(received: Received) -> tuple[str, bytes]:
    path = received.path.split("?")[0]
    if path == "/productpage":
        return "text/html; charset=utf-8", PAGE
    if path.startswith("/static"):
        return "text/css", b"body { margin: 0 }\n"
    told = {
        "method": received.method,
        "path": received.path,
        "headers": received.headers,
        "body": received.body.decode("utf-8", "replace"),
    }
    return "application/json", json.dumps(told).encode() + b"\n"


def main() -> None:
    """Serve in the foreground on the port given as the first argument, on loopback by default."""
    port, host = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
    # Nobody looks at what arrived here: what is remembered would only grow.
    _Server((host, port), type("Handler", (_Page,), {"seen": deque(maxlen=0)})).serve_forever()


if __name__ == "__main__":
    main()
