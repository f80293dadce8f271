"""What clients reach: requests to the gateway and its replies."""

from __future__ import annotations

import base64
import shlex
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMEOUT_SECONDS = 10.0
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent; `path` goes on the wire as written."""

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""

    def curl(self, base: str) -> str:
        """Return a command that sends the same request to `base`, ready to paste."""
        words = ["curl", "-i", "--path-as-is", "--max-time", "10"]
        words += ["--head"] if self.method == "HEAD" else ["-X", self.method]
        for name, value in self.headers:
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
        if self.body:
            words += ["--data-binary", self.body.decode("utf-8", "backslashreplace")]
        target = self.path if self.path.startswith("/") else f"/{self.path}"
        return shlex.join([*words, base + target])


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What came back: status, headers in order with repeats, body."""

    status: int
    headers: Headers
    body: bytes
    curl: str

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of a header, in order, one item per header line."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def header(self, name: str) -> str | None:
        """Return the header's value, its lines joined by ", " as HTTP says, None if absent."""
        values = self.values(name)
        return ", ".join(values) if values else None

    def __repr__(self) -> str:
        return f"<Reply {self.status} to: {self.curl}>"


class Unanswered(Exception):
    """The gateway gave no HTTP reply at all (refused, reset, or silent)."""


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header for these credentials (UTF-8)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(slots=True, repr=False)
class Gateway:
    """Sends requests to one gateway, each on a connection of its own.

    A kept connection may still be served by the configuration before a change, so none is kept.
    `transcript` holds what was exchanged since it was last cleared, for the evidence.
    """

    url: str
    transcript: list[tuple[Request, Reply | Unanswered]] = field(default_factory=list)
    _transport: httpx.HTTPTransport = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The bare transport, not a client: it reads no environment (`http_proxy` must not divert
        # loopback traffic) and adds no headers. The TLS context is empty: reading the machine's
        # certificates would cost more than the rest of the start.
        self._transport = httpx.HTTPTransport(
            trust_env=False,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __repr__(self) -> str:
        return f"<gateway at {self.url}>"

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        auth: tuple[str, str] | str | None = None,
        body: bytes = b"",
        host: str | None = None,
    ) -> Reply:
        """Send one request and return the reply; raise Unanswered when none came.

        `auth` is a (user, password) pair, or the whole value of the Authorization header.
        `path` is put on the wire as written, without any tidying.
        """
        sent = list(headers)
        if host is not None:
            sent.insert(0, ("host", host))
        if auth is not None:
            sent.append(("authorization", auth if isinstance(auth, str) else basic(*auth)))
        return self.exchange(Request(method, path, tuple(sent), body))

    def exchange(self, request: Request) -> Reply:
        """Send a prepared request and return the reply; raise Unanswered when none came."""
        curl = request.curl(self.url)
        target = request.path.encode("utf-8", "surrogateescape")
        try:
            answer = self._transport.handle_request(
                httpx.Request(
                    request.method,
                    self.url,
                    headers=[(k.encode(), v.encode()) for k, v in request.headers],
                    content=request.body or None,
                    extensions={"target": target, "timeout": _TIMEOUTS},
                )
            )
            body = answer.read()
            answer.close()
        except httpx.HTTPError as error:
            silence = Unanswered(f"no reply ({type(error).__name__}: {error}) to: {curl}")
            self.transcript.append((request, silence))
            raise silence from error
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in answer.headers.raw)
        reply = Reply(answer.status_code, headers, body, curl)
        self.transcript.append((request, reply))
        return reply

    def close(self) -> None:
        """Let go of the transport's sockets."""
        self._transport.close()


_TIMEOUTS = httpx.Timeout(TIMEOUT_SECONDS).as_dict()
