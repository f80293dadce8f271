"""The Gateways that select a proxy, merged into the ports it listens on (istio.md section 2.1)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.pilot import hosts
from clusters.pilot.order import by_age
from clusters.pilot.services import Service, labels_of, listen_ports
from clusters.pilot.traffickinds import PLAIN_HTTP

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document
    from clusters.pilot.node import Node

_FIRST_UNPRIVILEGED_PORT = 1024
_PASSTHROUGH = "PASSTHROUGH"


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a Gateway: `gateway` is `namespace/name`, `port` the number it is written with.

    `hosts` are in their sanitised form; `redirects` is its tls.httpsRedirect. `tls` holds the
    settings it ends TLS with, None where it ends none: a plain server may have settings all the
    same, and one that `passes_through` leaves TLS to the service.
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
    passes_through: bool = False

    @property
    def is_plain_http(self) -> bool:
        """Tell whether it speaks HTTP without TLS."""
        return self.protocol in PLAIN_HTTP

    @property
    def is_http(self) -> bool:
        """Tell whether requests are what it reads, with or without TLS around them."""
        return self.is_plain_http or (self.protocol == "HTTPS" and self.tls is not None)

    @property
    def is_plain(self) -> bool:
        """Tell whether its connections come without TLS, whatever they carry."""
        return self.is_plain_http or not self.has_tls_settings

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that a TLS client may ask it for."""
        return tuple(sorted({host.rpartition("/")[2] for host in self.hosts}))


@dataclass(frozen=True, slots=True)
class Chain:
    """What servers make of connections: requests, with the routes they share, or what they are.

    A server that ends TLS, or reads no HTTP, stands alone; plain HTTP ones share the port's. In
    releases that know no routes for plain HTTP behind TLS the name of the routes is empty.
    """

    route_name: str
    servers: tuple[Server, ...]

    @property
    def is_http(self) -> bool:
        """Tell whether requests are read here; otherwise virtual services make the chains."""
        return self.servers[0].is_http


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


_Key = tuple[str, str]
"""A protocol as it is written, and a bind: what istiod keeps servers by."""


@dataclass(slots=True)
class _Port:
    """What is known about one port number while Gateways are merged.

    `plain` is the plain server that others must fit, `binds` where any server came second.
    """

    plain: _Key | None = None
    binds: set[str] = field(default_factory=set)
    tls_hosts: dict[str, str] = field(default_factory=dict)
    route_names: set[str] = field(default_factory=set)
    merged: dict[_Key, tuple[str, list[Server]]] = field(default_factory=dict)

    def add(self, server: Server, written: str, route_name: str, behaviours: "Behaviours") -> None:
        """Put a server on the port unless istiod would leave it out for what is there already."""
        if server.has_tls_settings:
            if any(self.tls_hosts.get(host) == server.bind for host in server.hosts):
                return
            self.tls_hosts |= dict.fromkeys(server.hosts, server.bind)
        key = written, server.bind
        joins = "plain-http-joins-a-tls-port" in behaviours
        if not self.merged:
            self._begin(server, key, route_name)
        elif self.plain is None:
            if server.is_plain and joins:
                self._begin(server, key, route_name)
            else:
                self._beside_tls(server, key, route_name)
        elif self.plain[1] == server.bind:
            name, servers = self.merged[self.plain]
            # Servers of another name of routes are kept, and nobody asks for their routes.
            if server.is_plain_http and servers[0].is_plain_http and name == route_name:
                servers.append(server)
        elif key in self.merged:
            servers = self.merged[key][1]
            self.merged[key] = route_name, [*servers, server]
        elif joins:
            self._begin(server, key, route_name)
        else:
            self.merged[key] = route_name, [server]

    def _begin(self, server: Server, key: _Key, route_name: str) -> None:
        if server.is_plain:
            self.plain = key
        if server.is_http:
            self.route_names.add(route_name)
        self.merged[key] = route_name, [server]

    def _beside_tls(self, server: Server, key: _Key, route_name: str) -> None:
        if server.is_http and route_name in self.route_names:
            return
        if server.is_http:
            self.route_names.add(route_name)
        second = server.bind in self.binds
        self.binds.add(server.bind)
        if second and not server.has_tls_settings:
            return
        self.merged.setdefault(key, ("", []))[1].append(server)

    def chains(self, number: int, behaviours: "Behaviours") -> dict[str, list[Chain]]:
        """Return the chains by the bind they are at, in their order."""
        found: dict[str, list[Chain]] = {}
        for (_, bind), (name, servers) in self.merged.items():
            here = found.setdefault(bind, [])
            if servers[0].is_plain_http:
                here.append(Chain(name, tuple(servers)))
            else:
                here += [Chain(_route_name(one, number, behaviours), (one,)) for one in servers]
        return found


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
        for server, written in _servers(gateway):
            for number in listen_ports(server.port, node, mesh):
                if number < _FIRST_UNPRIVILEGED_PORT and _unprivileged(node):
                    continue
                name = _route_name(server, number, behaviours)
                found.setdefault(number, _Port()).add(server, written, name, behaviours)
    return tuple(
        ListenPort(number=number, bind=bind, chains=tuple(chains))
        for number, port in found.items()
        for bind, chains in port.chains(number, behaviours).items()
    )


def with_routes(ports: Iterable[ListenPort]) -> tuple[Chain, ...]:
    """Return the chains that ask for routes, those that ask for the same as one."""
    found: dict[str, list[Server]] = {}
    for port in ports:
        for chain in port.chains:
            if chain.route_name:
                found.setdefault(chain.route_name, []).extend(chain.servers)
    return tuple(Chain(name, tuple(servers)) for name, servers in found.items())


def _servers(gateway: "Document") -> Iterator[tuple[Server, str]]:
    """Yield the servers of a Gateway, each with its protocol as it is written."""
    for server in gateway.spec["servers"]:
        written = server["port"]["protocol"]
        protocol, tls = written.upper(), server.get("tls") or {}
        ends = tls.get("mode", _PASSTHROUGH) != _PASSTHROUGH and protocol in ("HTTPS", "TLS")
        made = Server(
            gateway=f"{gateway.namespace}/{gateway.name}",
            name=server.get("name") or "",
            port=server["port"]["number"],
            port_name=server["port"]["name"],
            protocol=protocol,
            bind=server.get("bind") or "",
            hosts=hosts.sanitised(server["hosts"], gateway.namespace),
            redirects=bool(tls.get("httpsRedirect")),
            tls=tls if ends else None,
            has_tls_settings=server.get("tls") is not None,
            passes_through=protocol in ("HTTPS", "TLS") and not ends,
        )
        yield made, written


def _route_name(server: Server, listens_on: int, behaviours: "Behaviours") -> str:
    if not server.is_http:
        return ""
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
