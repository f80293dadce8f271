"""How the agent asks a server: no proxies, a deadline for the whole answer, a size limit.

Both ways of fetching a module, over HTTP and from a registry, ask through here.
"""

from __future__ import annotations

import io
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import http.client
    from collections.abc import Mapping

CHUNK = 1 << 16
#: What the agent says of a request that came to the end of its time.
EXPIRED = "context deadline exceeded"


class FetchError(Exception):
    """A module could not be downloaded; the text is the agent's."""


class Unanswered(Exception):
    """No whole answer came; `cause` is what stood in the way."""

    def __init__(self, cause: BaseException) -> None:
        reason = cause.reason if isinstance(cause, urllib.error.URLError) else cause
        self.cause = reason if isinstance(reason, BaseException) else cause
        super().__init__(EXPIRED if isinstance(self.cause, TimeoutError) else str(reason))

    @property
    def plain_http(self) -> bool:
        """Whether a server was asked for TLS that does not speak it."""
        return isinstance(self.cause, ssl.SSLError) and self.cause.reason == "WRONG_VERSION_NUMBER"


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
    request = urllib.request.Request(url)
    for name, value in (headers or {}).items():
        request.add_unredirected_header(name, value)
    try:
        with _opener(verify).open(request, timeout=_left(deadline)) as answer:
            return _answer(answer, deadline, limit)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error, deadline, limit)
    except (OSError, EOFError, ValueError) as error:
        raise Unanswered(error) from error


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


@cache
def _opener(verify: bool) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # No proxy from the environment: it must not divert loopback traffic.
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
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
    while chunk := answer.read1(CHUNK):
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
