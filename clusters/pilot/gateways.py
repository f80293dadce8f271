"""The Gateways that select a proxy, merged into the ports it listens on (istio.md section 2.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters.pilot import hosts
from clusters.pilot.order import by_age
from clusters.pilot.services import Service, labels_of, listen_ports

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document
    from clusters.pilot.node import Node

_FIRST_UNPRIVILEGED_PORT = 1024


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a Gateway: `gateway` is `namespace/name`, `port` the number it is written with.

    `hosts` are in their sanitised form; `redirects` is its tls.httpsRedirect.
    """

    gateway: str
    port: int
    protocol: str
    bind: str
    hosts: tuple[str, ...]
    redirects: bool


@dataclass(frozen=True, slots=True)
class ListenPort:
    """One address that Envoy listens on, the route configuration behind it, and its servers."""

    number: int
    bind: str
    route_name: str
    servers: tuple[Server, ...]

    @property
    def name(self) -> str:
        """Return the listener's name, e.g. `0.0.0.0_8080`."""
        return f"{self.bind or '0.0.0.0'}_{self.number}"


def merge(
    documents: Iterable["Document"],
    node: "Node",
    mesh: Iterable[Service],
    behaviours: "Behaviours",
) -> tuple[ListenPort, ...]:
    """Return what the proxy listens on, in the order the Gateways were made."""
    mesh = tuple(mesh)
    labels = labels_of(node, mesh)
    found: dict[tuple[int, str], list[tuple[str, Server]]] = {}
    for gateway in sorted((one for one in documents if one.kind == "Gateway"), key=by_age):
        if not _selects(gateway.spec.get("selector") or {}, labels):
            continue
        for server in _servers(gateway):
            for number in listen_ports(server.port, node, mesh):
                if number < _FIRST_UNPRIVILEGED_PORT and _unprivileged(node):
                    continue
                name = _route_name(server, number, behaviours)
                found.setdefault((number, server.bind), []).append((name, server))
    return tuple(
        ListenPort(
            number=number,
            bind=bind,
            route_name=named[0][0],
            servers=tuple(server for name, server in named if name == named[0][0]),
        )
        for (number, bind), named in found.items()
    )


def _servers(gateway: "Document") -> Iterable[Server]:
    for server in gateway.spec["servers"]:
        yield Server(
            gateway=f"{gateway.namespace}/{gateway.name}",
            port=server["port"]["number"],
            protocol=server["port"]["protocol"].upper(),
            bind=server.get("bind") or "",
            hosts=hosts.sanitised(server["hosts"], gateway.namespace),
            redirects=bool((server.get("tls") or {}).get("httpsRedirect")),
        )


def _route_name(server: Server, listens_on: int, behaviours: "Behaviours") -> str:
    number = listens_on if "route-name-uses-target-port" in behaviours else server.port
    return f"http.{number}{'.' if server.bind else ''}{server.bind}"


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return selector.items() <= labels.items()


def _unprivileged(node: "Node") -> bool:
    return node.metadata.get("UNPRIVILEGED_POD") == "true"
