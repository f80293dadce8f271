"""Serves modules over HTTP on loopback, and misbehaves on request."""

import hashlib
import re
import threading
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import Self

from filters.loopback import Handler, Listening, listen
from filters.module import Module

CONTENT_TYPE = "application/wasm"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(slots=True)
class _Resource:
    """What one path answers: `status` for the first `failures` requests, then the body."""

    body: bytes
    status: int = 200
    failures: int = 0
    delay: float = 0.0  # seconds before the first byte
    cut: int | None = None  # bytes after which the connection closes, against what was announced
    location: str = ""  # where a redirect leads

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()}"'


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
        self._listening: Listening | None = None

    def __enter__(self) -> Self:
        """Listen on a free port of the loopback interface."""
        self._closing.clear()
        self._listening = listen(_Files, self, name="file-server")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; answers that are still delayed are dropped."""
        if self._listening is not None:
            self._closing.set()
            self._listening.stop()
            self._listening = None

    @property
    def base(self) -> str:
        """Return the URL of the server without a slash at the end."""
        if self._listening is None:
            raise RuntimeError("the file server does not listen; use it as a context manager")
        return f"http://{self._listening.address}"

    def publish(self, module: Module) -> str:
        """Return the URL of a module; the same one for the same content."""
        if module.sha256 not in self._published:
            self._published[module.sha256] = self.serve(f"{module.name}.wasm", module.read())
        return self._published[module.sha256]

    def checksum(self, module: Module) -> str:
        """Return the `sha256` that goes with the URL of a module."""
        return module.sha256

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

    def serve_redirect(self, name: str, target: str) -> str:
        """Return a new URL that sends everybody on to the URL `target`.

        To one of its own by path, so that who came here under another name finds the way.
        """
        location = target.removeprefix(self.base)
        return self._add(name, _Resource(b"", status=302, failures=-1, location=location))

    def replace(self, url: str, body: bytes) -> None:
        """Answer with another body from now on."""
        with self._lock:
            self._resources[url.removeprefix(self.base)] = _Resource(body)

    def remove(self, url: str) -> None:
        """Answer with 404 from now on."""
        with self._lock:
            del self._resources[url.removeprefix(self.base)]

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


class _Files(Handler):
    def do_GET(self) -> None:
        """Answer with the resource, or with the part of it that is asked for."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the headers of GET."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        owner: FileServer = self.server.owner
        resource, status = owner._asked(self.path)
        if resource is not None and resource.delay and owner._closing.wait(resource.delay):
            self.close_connection = True
            return
        body = b""
        extra: dict[str, str] = {}
        if resource is not None and status == 200:
            status, body, extra = self._chosen(resource)
        elif resource is not None and resource.location:
            extra = {"Location": resource.location}
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        for name, value in extra.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and resource is not None:
            self.wfile.write(body[: resource.cut])
            self.close_connection |= resource.cut is not None

    def _chosen(self, resource: _Resource) -> tuple[int, bytes, dict[str, str]]:
        """Return what the conditions and the range of the request leave of a resource."""
        body, etag = resource.body, resource.etag
        extra = {"ETag": etag, "Accept-Ranges": "bytes"}
        if matched := self.headers.get("If-None-Match"):
            known = {each.strip().removeprefix("W/") for each in matched.split(",")}
            if known & {etag, "*"}:
                return 304, b"", extra
        bounds = _bounds(self.headers.get("Range", ""), len(body))
        if bounds is None or self.command != "GET" or self.headers.get("If-Range", etag) != etag:
            return 200, body, extra
        first, last = bounds
        if first > last:
            return 416, b"", extra | {"Content-Range": f"bytes */{len(body)}"}
        extra["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        return 206, body[first : last + 1], extra


def _bounds(asked: str, size: int) -> tuple[int, int] | None:
    """Return the first and last position of a Range header, crossed where nothing is there.

    None for what is to be ignored: no range, several, or nonsense (RFC 9110 section 14.2).
    """
    found = _RANGE.fullmatch(asked)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last or size), size - 1)
