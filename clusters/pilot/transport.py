"""How the agent asks a server: no proxies, a deadline for the whole answer, a size limit.

Both ways of fetching a module, over HTTP and from a registry, ask through here. What stands in the
way of an answer is told in the words of Go, which the agent is written in.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK = 1 << 16
#: Requests that are made for one answer, each but the first because of a redirect.
REQUESTS = 10
REDIRECTS = (301, 302, 303, 307, 308)
#: What the agent says of a request that came to the end of its time.
EXPIRED = "context deadline exceeded"
NO_TLS = "http: server gave HTTP response to HTTPS client"
UNKNOWN_ISSUER = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
_PORTS = {"http": 80, "https": 443}
#: What OpenSSL says where there is no issuer, or none that is trusted.
_UNTRUSTED = (18, 19, 20, 21)


class FetchError(Exception):
    """A module could not be downloaded; the text is the agent's."""


class Unanswered(Exception):
    """No whole answer came; `url` is what was asked last, the text what stood in the way."""

    def __init__(self, url: str, text: str) -> None:
        self.url = url
        super().__init__(text)

    @property
    def plain_http(self) -> bool:
        """Whether a server was asked for TLS that does not speak it."""
        return str(self) == NO_TLS


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever its status; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> tuple[str, ...]:
        """Return every line of a header."""
        return tuple(value for key, value in self.headers if key == name)


def get(
    url: str,
    *,
    deadline: float,
    headers: Mapping[str, str] | None = None,
    limit: int | None = None,
    verify: bool = True,
) -> Answer:
    """Return the answer to a GET, redirects followed; its body is cut off after `limit` bytes.

    `deadline` is a time.monotonic() that bounds the whole answer. `headers` are not sent to where
    a redirect leads. Raises Unanswered, or FetchError for a body that breaks off.
    """
    for _ in range(REQUESTS):
        answer = _get(url, deadline, headers or {}, limit, verify)
        leads_to = answer.values("location") if answer.status in REDIRECTS else ()
        if not leads_to:
            return answer
        last, url, headers = url, urljoin(url, leads_to[0]), None
    raise Unanswered(last, f"stopped after {REQUESTS} redirects")


def _get(
    url: str, deadline: float, headers: Mapping[str, str], limit: int | None, verify: bool
) -> Answer:
    left = deadline - time.monotonic()
    if left <= 0:
        raise Unanswered(url, EXPIRED)
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with _opener(verify).open(request, timeout=left) as answer:
            return _answer(answer, deadline, limit)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error, deadline, limit)
    except (OSError, EOFError, ValueError, http.client.HTTPException) as error:
        raise Unanswered(url, _words(error, url)) from error


def _words(error: Exception, url: str) -> str:
    cause: Any = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return EXPIRED
    if isinstance(cause, ConnectionRefusedError):
        return f"dial tcp {_address(url)}: connect: connection refused"
    if isinstance(cause, socket.gaierror):
        return f"dial tcp: lookup {urlsplit(url).hostname}: no such host"
    if isinstance(cause, ssl.SSLCertVerificationError):
        known = cause.verify_code in _UNTRUSTED
        return (
            UNKNOWN_ISSUER
            if known
            else f"tls: failed to verify certificate: {cause.verify_message}"
        )
    if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
        return NO_TLS
    if isinstance(cause, ssl.SSLEOFError | http.client.RemoteDisconnected):
        return "EOF"
    if isinstance(cause, ConnectionResetError):
        return "read: connection reset by peer"
    return str(cause)


def _address(url: str) -> str:
    parts = urlsplit(url)
    return (
        parts.netloc.rpartition("@")[2] if parts.port else f"{parts.netloc}:{_PORTS[parts.scheme]}"
    )


class _Stay(urllib.request.HTTPRedirectHandler):
    """Lets a redirect be an answer like any other."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


@cache
def _opener(verify: bool) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # No proxy from the environment: it must not divert loopback traffic.
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _Stay
    )


def _answer(
    answer: http.client.HTTPResponse | urllib.error.HTTPError, deadline: float, limit: int | None
) -> Answer:
    headers = tuple((name.lower(), value) for name, value in answer.headers.items())
    status = answer.code if isinstance(answer, urllib.error.HTTPError) else answer.status
    return Answer(status, headers, _body(answer, deadline, limit))


def _body(
    answer: http.client.HTTPResponse | urllib.error.HTTPError, deadline: float, limit: int | None
) -> bytes:
    body = io.BytesIO()
    while chunk := _chunk(answer):
        body.write(chunk)
        if limit is not None and body.tell() >= limit:
            return body.getvalue()[:limit]
        if time.monotonic() > deadline:
            raise FetchError(EXPIRED)
    announced = answer.headers.get("content-length")
    if announced is not None and body.tell() < int(announced):
        # Only a failed request is tried again, not a body that breaks off.
        raise FetchError("unexpected EOF")
    return body.getvalue()


def _chunk(answer: http.client.HTTPResponse | urllib.error.HTTPError) -> bytes:
    try:
        return answer.read1(CHUNK)
    except TimeoutError as error:
        raise FetchError(EXPIRED) from error
