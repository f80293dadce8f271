"""One connection of a client: HTTP/1.1 on a socket, with everything that can be wrong about it."""

from __future__ import annotations

import http
import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from clusters.local.apiserver import streaming
from clusters.local.apiserver.reading import Watch
from clusters.local.apiserver.requests import LIMIT_BYTES, Answer, Request
from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    import socket

    from clusters.local.apiserver.api import Api

IDLE_SECONDS = 300.0
"""Longer than Go's clients keep a connection they do not use, so that they close it first."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Connection(BaseHTTPRequestHandler):
    """Answers the requests of one connection, one after the other, until it ends."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # 0.9 would be answered without a status
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    connection: socket.socket

    def __init__(self, client: socket.socket, address: Any, api: Api) -> None:
        self._api = api
        super().__init__(client, address, None)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        """Return the one answer to every method, known or not."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        self._head_sent = False
        try:
            if self.command not in _METHODS:
                raise ApiError(405, f"the method {self.command[:40]} is not allowed")
            request = self._request()
            answer = self._api.answer(request)
            if isinstance(answer, Watch):
                self._stream(answer)
            else:
                self._send(answer)
        except ApiError as refusal:
            if refusal.code in (400, 411, 413):
                self.close_connection = True  # what is left of the body cannot be told apart
            self._send(Answer(refusal.code, refusal.status()))
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:
            self.close_connection = True
            if self._head_sent:
                raise
            told = ApiError(500, f"the API server failed: {type(error).__name__}: {error}")
            self._send(Answer(500, told.status()))
            raise

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        try:
            query = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100))
        except ValueError as error:
            raise ApiError(400, f"the query cannot be read: {error}") from error
        return Request(
            method=self.command,
            path=parts.path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )

    def _body(self) -> bytes:
        length, coding = self.headers.get_all("Content-Length"), self.headers["Transfer-Encoding"]
        if coding is not None:
            if length or coding.strip().lower() != "chunked":
                raise ApiError(400, f"Transfer-Encoding {coding!r} cannot be read here")
            return self._chunks()
        if length is None:
            return b""
        if len(set(length)) > 1 or not length[0].isascii() or not length[0].isdigit():
            raise ApiError(400, f"Content-Length {', '.join(length)!r} is no length")
        return self._exactly(int(length[0]))

    def _exactly(self, count: int, so_far: int = 0) -> bytes:
        if count + so_far > LIMIT_BYTES:
            raise ApiError(413, f"Request entity too large: limit is {LIMIT_BYTES}")
        data = self.rfile.read(count)
        if len(data) < count:
            raise ApiError(400, f"the body ended after {len(data)} of {count} bytes")
        return data

    def _chunks(self) -> bytes:
        body = b""
        while True:
            line = self.rfile.readline(100)
            size = line.partition(b";")[0].strip()
            if not line.endswith(b"\n") or not size or size.strip(b"0123456789abcdefABCDEF"):
                raise ApiError(400, f"a chunk begins with its size, not with {line[:20]!r}")
            count = int(size, 16)
            if not count:
                break
            body += self._exactly(count, len(body))
            if self.rfile.readline(3) not in (b"\r\n", b"\n"):
                raise ApiError(400, f"a chunk of {count} bytes does not end where it should")
        while self.rfile.readline(1000) not in (b"\r\n", b"\n", b""):
            pass  # trailers
        return body

    def _send(self, answer: Answer) -> None:
        body = answer.encoded()
        self._head_sent = True
        self.send_response(answer.code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for warning in answer.warnings:
            self.send_header("Warning", f"299 - {json.dumps(warning, ensure_ascii=False)}")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self, watch: Watch) -> None:
        def begin() -> None:
            self._head_sent = True
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def write(data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        streaming.stream(watch, self._api.store, self.connection, begin, write)
        self.close_connection = True
        self.wfile.write(b"0\r\n\r\n")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that is not even HTTP, as a Status like every other."""
        self.close_connection = True
        told = message or http.HTTPStatus(code).phrase
        self._send(Answer(code, ApiError(code, told).status()))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what was asked is told by what is held."""
