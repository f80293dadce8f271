"""What the istiods of a cluster tell when asked: their debug pages, at any log level."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.istio import dump
from clusters.kube import channels
from clusters.kube.forwarding import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clusters.kube.channels import Channel
    from clusters.kube.forwarding import Forwarding

#: Where istiod monitors itself; /debug is let in from the pod's own loopback.
PORT = 15014
LABELS = "app=istiod"
ASK_SECONDS = 20.0


class IstiodUnreachable(Exception):
    """No istiod answers, or none knows the proxy; the text says what each said."""


@dataclass(slots=True)
class Istiods:
    """The istiods in one namespace; `pods` returns the names of those that are ready."""

    namespace: str
    forwarding: Forwarding
    pods: Callable[[], Sequence[str]]
    _kept: dict[str, Connection] = field(default_factory=dict)
    _of: dict[str, str] = field(default_factory=dict)

    def channels(self, proxy: str) -> dict[str, Channel]:
        """Return how far a proxy, "pod.namespace", is; empty while it is connected to no istiod."""
        page = f"/debug/syncz?namespace={proxy.rpartition('.')[2]}"
        silent = None
        for pod in [self._of.pop(proxy)] if proxy in self._of else self.pods():
            try:
                told = json.loads(self.ask(pod, page)) or []
            except IstiodUnreachable as error:
                silent = error  # it may just have been replaced by another
                continue
            if (found := channels.of(told, proxy)) is not None:
                self._of[proxy] = pod
                return found
        if silent is not None and not self.pods():
            raise silent
        return {}

    def listeners(self, proxy: str) -> list[dict[str, Any]]:
        """Return the listeners that istiod has for a connected proxy, in Envoy's JSON form."""
        # Listeners only: istiod fails to write a plugin without pluginConfig as JSON.
        page = f"/debug/config_dump?proxyID={proxy}&types=lds"
        return dump.listeners(json.loads(self.ask(self._server(proxy), page)))

    def version(self, proxy: str) -> str:
        """Return the version that a connected proxy says it has, "1.31.0"."""
        page = json.loads(self.ask(self._server(proxy), f"/debug/adsz?proxyID={proxy}"))
        return str(page["clients"][0]["metadata"]["ISTIO_VERSION"])

    def holds(self, proxy: str, objects: dict[tuple[str, str, str], str]) -> str:
        """Return which objects that proxy's istiod has not noticed yet, "" when it has all.

        They are given as {(kind, namespace, name): resourceVersion, "" of one that is gone}.
        """
        page = json.loads(self.ask(self._server(proxy), "/debug/configz")) or []
        known = {
            (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each[
                "metadata"
            ].get("resourceVersion", "")
            for each in page
        }
        late = [key for key, version in objects.items() if not _noticed(known.get(key), version)]
        return ", ".join("/".join(key) for key in late)

    def ask(self, pod: str, path: str) -> str:
        """Return a page of an istiod; raises IstiodUnreachable on anything but 200."""
        for connection in self._connections(pod):
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                status, body = answer.status, answer.read().decode("utf-8", "replace")
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                failure = error
                continue
            self._kept[pod] = connection
            if status != http.client.OK:
                raise IstiodUnreachable(f"istiod {pod} answered {path} with {status}: {body[:200]}")
            return body
        raise IstiodUnreachable(
            f"istiod {pod} did not answer {path}: {failure}\n"
            f"Hint: kubectl -n {self.namespace} get pod {pod}"
        ) from failure

    def close(self) -> None:
        """Let go of the connections."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _connections(self, pod: str) -> list[Connection]:
        """Return the kept connection, which may have ended meanwhile, and then a new one."""
        new = Connection(self.forwarding, self.namespace, pod, PORT, timeout=ASK_SECONDS)
        kept = self._kept.pop(pod, None)
        return [new] if kept is None else [kept, new]

    def _server(self, proxy: str) -> str:
        if proxy not in self._of and not self.channels(proxy):
            raise IstiodUnreachable(
                f"the proxy {proxy} is connected to no istiod in {self.namespace}\n"
                f"last seen: {', '.join(self.pods()) or 'no istiod that is ready'}\n"
                "likely cause: it belongs to another revision, or istiod starts anew\n"
                f"Hint: istioctl proxy-status {proxy}"
            )
        return self._of[proxy]


def _noticed(held: str | None, version: str) -> bool:
    """Tell whether a version that istiod holds, None of an object it does not, is that or later.

    istiod writes a status into what it was given, such as the addresses of a ServiceEntry.
    """
    if held is None or not version:
        return held is None and not version
    both = held.isdigit() and version.isdigit()
    return int(held) >= int(version) if both else held == version
