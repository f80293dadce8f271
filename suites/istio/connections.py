"""What a client meets on a new connection, where anything may be said first: answer or none."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_SECONDS = 10.0
#: What a load balancer says first, so that its client is not taken for the one who asks.
CLIENT = "203.0.113.7"
PROXY_HEADER = f"PROXY TCP4 {CLIENT} 198.51.100.1 4711 80\r\n".encode()
#: What a status becomes where the connection was refused or closed without an answer.
UNANSWERED = 0


def ask(
    gateway: Any,
    path: str = "/productpage",
    *,
    host: str = "any.test",
    first: bytes = b"",
    show: Sequence[str] = (),
) -> tuple[Any, ...]:
    """Return the status of a GET on a new connection, then the headers to `show` that came.

    `first` is sent before the request. The status is UNANSWERED where no answer came.
    """
    address = urlsplit(gateway.url)
    connection = http.client.HTTPConnection(
        str(address.hostname), address.port, timeout=TIMEOUT_SECONDS
    )
    try:
        connection.connect()
        if first:
            connection.sock.sendall(first)
        connection.request("GET", path, headers={"host": host})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return (UNANSWERED,)
    finally:
        connection.close()
    return (answer.status, *(value for name in show if (value := answer.headers.get(name))))
