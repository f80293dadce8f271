"""Where clients reach the gateway: the address of one listener, found anew when it was away."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from clusters.gateway import Gateway
    from clusters.proxy import Proxy

LISTENER_SECONDS = 30.0


@dataclass(slots=True)
class Doorway:
    """The listener that a gateway's `url` leads to, by its name."""

    listener: str
    gateway: Gateway
    proxy: Callable[[], Proxy]
    _there: bool = True

    def follow(self, sent: Iterable[Mapping[str, Any]]) -> None:
        """Let the url be right where the listener is among those sent, and was not before.

        A listener that is gone gives its port back, and gets another one when it returns. Raises
        waiting.TimedOut if the proxy does not open it.
        """
        there = any(listener["name"] == self.listener for listener in sent)
        if there and not self._there:
            self.gateway.url = url_of(self.proxy(), self.listener)
        self._there = there


def url_of(proxy: Proxy, listener: str) -> str:
    """Return the URL at which a listener answers, once it does; raises waiting.TimedOut."""
    host, port = waiting.until(
        lambda: proxy.addresses().get(listener, ("", 0)),
        _accepts,
        what=f"the gateway's listener {listener} accepting connections",
        within=LISTENER_SECONDS,
    )
    return f"http://{host}:{port}"


def _accepts(address: tuple[str, int]) -> bool:
    # The proxy tells of a listener before it listens.
    if not address[1]:
        return False
    try:
        with socket.create_connection(address, timeout=LISTENER_SECONDS):
            return True
    except OSError:
        return False
