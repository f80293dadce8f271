"""What a gateway makes of connections that it reads no requests from: TCP and TLS routes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.pilot import durations, hosts
from clusters.pilot.protos import TYPE_PREFIX
from clusters.pilot.upstreams import destination_cluster
from clusters.pilot.virtualservices import gateway_names, host_names, of_gateway

if TYPE_CHECKING:
    from clusters.pilot.destinationrules import Policy, Rule, Rules
    from clusters.pilot.documents import Document
    from clusters.pilot.gateways import Server
    from clusters.pilot.services import Service, ServicePort

TCP_PROXY = "envoy.filters.network.tcp_proxy"
_MONGO_PROXY = "envoy.filters.network.mongo_proxy"

Filters = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Behind:
    """The network filters for some connections, and the names that clients of TLS ask for."""

    filters: Filters
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connections:
    """Finds what is behind the servers of one gateway that read no HTTP.

    `bound` are the virtual services by Gateway. A name that one route of a port asks for is not
    given to another, wherever the servers listen that have the same bind.
    """

    bound: Mapping[str, Iterable["Document"]]
    mesh: Mapping[str, "Service"]
    rules: "Rules"
    namespace: str
    taken: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def behind(self, server: "Server", number: int) -> list[Behind]:
        """Return what connections to a server meet; nothing where no route is for it."""
        if server.passes_through:
            return list(self._by_name(server, self.taken[number]))
        for document in self._of(server):
            for route in document.spec.get("tcp") or []:
                matches = route.get("match") or []
                if not matches or any(_applies(one, document, server) for one in matches):
                    return [Behind(self._filters(route["route"], document, server))]
        return []

    def _by_name(self, server: "Server", taken: dict[str, str]) -> Iterator[Behind]:
        for document in self._of(server):
            for route in document.spec.get("tls") or []:
                for match in route["match"]:
                    names = match["sniHosts"]
                    if not _applies(match, document, server):
                        continue
                    if any(taken.get(name) == server.bind for name in names):
                        continue
                    taken |= dict.fromkeys(names, server.bind)
                    yield Behind(self._filters(route["route"], document, server), tuple(names))

    def _of(self, server: "Server") -> Iterator["Document"]:
        documents = self.bound.get(server.gateway, ())
        for document in of_gateway(documents, server.gateway, self.namespace):
            within = hosts.in_namespace(server.hosts, document.namespace)
            names = host_names(document)
            if hosts.intersection(within, names):
                yield document

    def _ports(self, host: str) -> tuple["ServicePort", ...]:
        service = self.mesh.get(host)
        return service.ports if service else ()

    def _filters(
        self, routed: list[Mapping[str, Any]], document: "Document", server: "Server"
    ) -> Filters:
        def cluster(one: Mapping[str, Any]) -> str:
            return destination_cluster(
                one["destination"], document.namespace, self._ports, server.port
            )

        first = routed[0]["destination"]
        service = self.mesh.get(hosts.fully_qualified(first["host"], document.namespace))
        rule = self.rules.for_service(service) if service else None
        config: dict[str, Any] = {
            "@type": f"{TYPE_PREFIX}envoy.extensions{TCP_PROXY[5:]}.v3.TcpProxy"
        }
        if len(routed) == 1:
            config["stat_prefix"] = config["cluster"] = cluster(routed[0])
        else:
            config["stat_prefix"] = f"{document.name}.{document.namespace}"
            config["weighted_clusters"] = {
                "clusters": [
                    {"name": cluster(one), "weight": one["weight"]}
                    for one in routed
                    if one.get("weight")
                ]
            }
        subset = first.get("subset") or "" if len(routed) == 1 else ""
        config |= _of_rule(rule, subset) if rule else {}
        proxy = {"name": TCP_PROXY, "typed_config": config}
        if server.protocol != "MONGO":
            return [proxy]
        kind = f"{TYPE_PREFIX}envoy.extensions{_MONGO_PROXY[5:]}.v3.MongoProxy"
        reader = {"@type": kind, "stat_prefix": config["stat_prefix"]}
        return [{"name": _MONGO_PROXY, "typed_config": reader}, proxy]


def _of_rule(rule: "Rule", subset: str) -> dict[str, Any]:
    """Return what a rule says of connections; its settings by port are not asked."""
    tcp = (rule.policy.get("connectionPool") or {}).get("tcp") or {}
    made: dict[str, Any] = {
        theirs: durations.to_json(tcp[ours])
        for ours, theirs in (
            ("idleTimeout", "idle_timeout"),
            ("maxConnectionDuration", "max_downstream_connection_duration"),
        )
        if tcp.get(ours)
    }
    balanced: Policy = rule.policy.get("loadBalancer") or {}
    for one in rule.subsets:
        if one.name == subset:
            balanced = one.policy.get("loadBalancer") or balanced
    if (balanced.get("consistentHash") or {}).get("useSourceIp"):
        made["hash_policy"] = [{"source_ip": {}}]
    return made


def _applies(match: Mapping[str, Any], document: "Document", server: "Server") -> bool:
    """Tell whether a match is for a server; labels, namespaces and subnets are not looked at."""
    if match.get("port") and match["port"] != server.port:
        return False
    wanted = match.get("gateways")
    return not wanted or server.gateway in gateway_names(wanted, document.namespace)
