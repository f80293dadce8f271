"""The Gateways that select a proxy, merged into the ports it listens on (istio.md section 2.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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

    `hosts` are in their sanitised form; `redirects` is its tls.httpsRedirect. `tls` holds the
    settings it ends TLS with, None for plain HTTP, which may have settings all the same.
    """

    gateway: str
    name: str
    port: int
    port_name: str
    protocol: str
    bind: str
    hosts: tuple[str, ...]
    redirects: bool
    tls: Mapping[str, Any] | None
    has_tls_settings: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """One filter chain: the servers behind it and the route configuration they share.

    A server that ends TLS has a chain of its own, plain ones share the port's.
    """

    route_name: str
    servers: tuple[Server, ...]

    @property
    def server_names(self) -> tuple[str, ...]:
        """Return the names that a TLS client must ask for, none where any will do."""
        (first, *_) = self.servers
        if first.tls is None:
            return ()
        names = sorted({host.rpartition("/")[2] for host in first.hosts})
        return () if "*" in names else tuple(names)


@dataclass(frozen=True, slots=True)
class ListenPort:
    """One address that Envoy listens on, with its filter chains."""

    number: int
    bind: str
    chains: tuple[Chain, ...]

    @property
    def name(self) -> str:
        """Return the listener's name, e.g. `0.0.0.0_8080`."""
        return f"{self.bind or '0.0.0.0'}_{self.number}"


@dataclass(slots=True)
class _Port:
    """What is known about one port number while Gateways are merged.

    `plain` is the bind address of the plain servers, `binds` where any server came second.
    """

    plain: str | None = None
    binds: set[str] = field(default_factory=set)
    tls_hosts: dict[str, str] = field(default_factory=dict)
    chains: dict[str, dict[str, list[Server]]] = field(default_factory=dict)

    def add(self, server: Server, route_name: str, behaviours: "Behaviours") -> None:
        """Put a server on the port unless istiod would leave it out for what is there already."""
        here = self.chains.get(server.bind, {})
        if server.tls is not None:
            if any(self.tls_hosts.get(host) == server.bind for host in server.hosts):
                return
            self.tls_hosts |= dict.fromkeys(server.hosts, server.bind)
            if self.plain == server.bind or route_name in here:
                return
            if self._only_tls():
                self.binds.add(server.bind)
        elif self.plain == server.bind:
            if route_name not in here:
                return
        elif self._only_tls() and "plain-http-joins-a-tls-port" not in behaviours:
            if server.bind in self.binds or route_name in here:
                return
            self.binds.add(server.bind)
        else:
            self.plain = server.bind
        self.chains.setdefault(server.bind, {}).setdefault(route_name, []).append(server)

    def _only_tls(self) -> bool:
        return bool(self.chains) and self.plain is None


def merge(
    documents: Iterable["Document"],
    node: "Node",
    mesh: Iterable[Service],
    behaviours: "Behaviours",
) -> tuple[ListenPort, ...]:
    """Return what the proxy listens on, in the order the Gateways were made."""
    mesh = tuple(mesh)
    labels = labels_of(node, mesh)
    found: dict[int, _Port] = {}
    for gateway in sorted((one for one in documents if one.kind == "Gateway"), key=by_age):
        if not _selects(gateway.spec.get("selector") or {}, labels):
            continue
        for server in _servers(gateway):
            for number in listen_ports(server.port, node, mesh):
                if number < _FIRST_UNPRIVILEGED_PORT and _unprivileged(node):
                    continue
                name = _route_name(server, number, behaviours)
                found.setdefault(number, _Port()).add(server, name, behaviours)
    return tuple(
        ListenPort(
            number=number,
            bind=bind,
            chains=tuple(Chain(name, tuple(servers)) for name, servers in chains.items()),
        )
        for number, port in found.items()
        for bind, chains in port.chains.items()
    )


def _servers(gateway: "Document") -> Iterable[Server]:
    for server in gateway.spec["servers"]:
        protocol = server["port"]["protocol"].upper()
        tls = server.get("tls") or {}
        yield Server(
            gateway=f"{gateway.namespace}/{gateway.name}",
            name=server.get("name") or "",
            port=server["port"]["number"],
            port_name=server["port"]["name"],
            protocol=protocol,
            bind=server.get("bind") or "",
            hosts=hosts.sanitised(server["hosts"], gateway.namespace),
            redirects=bool(tls.get("httpsRedirect")),
            tls=tls if protocol == "HTTPS" else None,
            has_tls_settings=server.get("tls") is not None,
        )


def _route_name(server: Server, listens_on: int, behaviours: "Behaviours") -> str:
    bind = f"{'.' if server.bind else ''}{server.bind}"
    if server.tls is not None:
        namespace, _, gateway = server.gateway.partition("/")
        return f"https.{server.port}.{server.port_name}.{gateway}.{namespace}{bind}"
    number = listens_on if "route-name-uses-target-port" in behaviours else server.port
    return f"http.{number}{bind}"


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return selector.items() <= labels.items()


def _unprivileged(node: "Node") -> bool:
    return node.metadata.get("UNPRIVILEGED_POD") == "true"
