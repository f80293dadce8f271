"""Clusters (CDS) and their endpoints (EDS), istio.md section 2.6."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from clusters.pilot import clienttls, hosts, trafficpolicy
from clusters.pilot.protos import TYPE_PREFIX
from clusters.pilot.services import Endpoint, Service, ServicePort

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.destinationrules import Policy, Rule, Rules, Subset

BLACK_HOLE = "BlackHoleCluster"
_HTTP2 = ("HTTP2", "GRPC", "GRPC-WEB")
_DNS = {"DNS": "STRICT_DNS", "DNS_ROUND_ROBIN": "LOGICAL_DNS"}


@dataclass(frozen=True, slots=True)
class _Part:
    """What one cluster stands for: a port of a service, the rule it is under, and the subset."""

    service: Service
    port: ServicePort
    rule: "Rule | None"
    subset: "Subset | None"

    @property
    def name(self) -> str:
        subset = self.subset.name if self.subset else ""
        return cluster_name(self.service.host, self.port.number, subset)

    @property
    def policy(self) -> "Policy":
        return self.rule.policy_for(self.port.number, self.subset) if self.rule else {}

    @property
    def kind(self) -> str:
        if trafficpolicy.passes_through(self.policy):
            return "ORIGINAL_DST"
        return _DNS.get(self.service.resolution, "EDS")

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        labels = (self.subset.labels if self.subset else {}).items()
        return tuple(
            one
            for one in self.service.endpoints
            if labels <= one.labels.items() and self.port.name in one.ports
        )


def cluster_name(host: str, port: int, subset: str = "") -> str:
    """Return the name of the cluster behind a port of a service."""
    return f"outbound|{port}|{subset}|{host}"


def destination_cluster(
    destination: Mapping[str, Any],
    namespace: str,
    ports: Callable[[str], tuple[ServicePort, ...]],
    otherwise: int,
) -> str:
    """Return the cluster of a destination as a namespace writes it.

    Its port is the one given, else the only one among the `ports` of its host, else `otherwise`.
    """
    host = hosts.fully_qualified(destination["host"], namespace)
    port = (destination.get("port") or {}).get("number")
    if not port:
        known = ports(host)
        port = known[0].number if len(known) == 1 else otherwise
    return cluster_name(host, port, destination.get("subset") or "")


def clusters(
    mesh: Iterable[Service], rules: "Rules", behaviours: "Behaviours"
) -> tuple[dict[str, Any], ...]:
    """Return one cluster per port and subset of every service, and the black hole."""
    made = [_cluster(part, behaviours) for part in _parts(mesh, rules)]
    hole = {"name": BLACK_HOLE, "type": "STATIC", "connect_timeout": "10s"}
    return (*made, _with_stat_name(hole, behaviours))


def endpoints(mesh: Iterable[Service], rules: "Rules") -> tuple[dict[str, Any], ...]:
    """Return the load assignment of every cluster that asks for one."""
    return tuple(_assignment(part) for part in _parts(mesh, rules) if part.kind == "EDS")


def _parts(mesh: Iterable[Service], rules: "Rules") -> Iterator[_Part]:
    for service in mesh:
        rule = rules.for_service(service)
        for port in service.ports:
            if port.protocol == "UDP":
                continue
            for subset in (None, *(rule.subsets if rule else ())):
                part = _Part(service, port, rule, subset)
                # Names without addresses behind them make no cluster, however it is asked for.
                if part.kind not in _DNS.values() or part.endpoints:
                    yield part


def _cluster(part: _Part, behaviours: "Behaviours") -> dict[str, Any]:
    made: dict[str, Any] = {"name": part.name, "type": part.kind}
    if part.kind == "EDS":
        made["eds_cluster_config"] = {
            "eds_config": {
                "ads": {},
                "initial_fetch_timeout": "0s",
                "resource_api_version": "V3",
            },
            "service_name": part.name,
        }
    elif part.kind != "ORIGINAL_DST":
        made |= _resolved(part, behaviours)
    options = trafficpolicy.apply(made, part.policy, behaviours)
    options |= _protocol(part, options, behaviours)
    tls = part.policy.get("tls") or {}
    if clienttls.originates(tls):
        http2 = "http2_protocol_options" in options.get("explicit_http_config", {})
        known = dict(tls)
        if not tls.get("subjectAltNames"):
            known["subjectAltNames"] = part.service.identities
        if clienttls.is_of_the_mesh(tls) and not tls.get("sni"):
            subset = part.subset.name if part.subset else ""
            known["sni"] = f"outbound_.{part.port.number}_.{subset}_.{part.service.host}"
        made["transport_socket"] = clienttls.transport_socket(
            known, http2=http2, behaviours=behaviours
        )
        options |= clienttls.http_options(tls, behaviours)
    if options:
        if not {"explicit_http_config", "use_downstream_protocol_config"} & options.keys():
            options["explicit_http_config"] = {"http_protocol_options": {}}
        made["typed_extension_protocol_options"] = {
            trafficpolicy.HTTP_OPTIONS: {"@type": TYPE_PREFIX + trafficpolicy.HTTP_OPTIONS}
            | options
        }
    metadata = _metadata(part, behaviours)
    if metadata:
        made["metadata"] = {"filter_metadata": {"istio": metadata}}
    return _with_stat_name(made, behaviours)


def _resolved(part: _Part, behaviours: "Behaviours") -> dict[str, Any]:
    made: dict[str, Any] = {
        "dns_refresh_rate": "60s" if "dns-every-minute" in behaviours else "5s",
        "dns_lookup_family": "V4_ONLY",
        "respect_dns_ttl": True,
        "load_assignment": _assignment(part),
    }
    if "dns-jitter-and-cares" in behaviours:
        resolver = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
        made["dns_jitter"] = "0.100s"
        made["typed_dns_resolver_config"] = {
            "name": "envoy.network.dns_resolver.cares",
            "typed_config": {"@type": TYPE_PREFIX + resolver, "udp_max_queries": 100},
        }
    return made


def _protocol(part: _Part, options: dict[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    upgraded = trafficpolicy.upgrades_to_http2(part.policy)
    if "use_downstream_protocol_config" in options:
        return {}
    if not upgraded and part.port.protocol not in _HTTP2:
        return {}
    http = (part.policy.get("connectionPool") or {}).get("http") or {}
    streams = http.get("maxConcurrentStreams", 0)
    limited = not upgraded or "streams-limited-when-upgraded" in behaviours
    http2 = {"max_concurrent_streams": streams} if streams > 0 and limited else {}
    return {"explicit_http_config": {"http2_protocol_options": http2}}


def _metadata(part: _Part, behaviours: "Behaviours") -> dict[str, Any]:
    made: dict[str, Any] = {}
    if part.service.external and part.subset is None:
        made["external"] = True
    if part.rule is not None:
        version = "v1" if "routes-name-their-config-as-v1" in behaviours else "v1alpha3"
        made["config"] = (
            f"/apis/networking.istio.io/{version}/namespaces/{part.rule.namespace}"
            f"/destination-rule/{part.rule.name}"
        )
        tls = part.policy.get("tls") or {}
        own = clienttls.originates(tls) and not clienttls.is_of_the_mesh(tls)
        if own and "alpn-override" in behaviours:
            made["alpn_override"] = "false"
    if part.subset is not None:
        made["subset"] = part.subset.name
    return made


def _with_stat_name(made: dict[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    if "delimited-stat-names" in behaviours:
        made["alt_stat_name"] = f"{made['name']};"
    return made


def _assignment(part: _Part) -> dict[str, Any]:
    made: dict[str, Any] = {"cluster_name": part.name}
    grouped = [
        _locality(locality, list(members), part.port.name)
        for locality, members in groupby(
            sorted(part.endpoints, key=lambda one: one.locality), lambda one: one.locality
        )
    ]
    if grouped:
        made["endpoints"] = grouped
    return made


def _locality(name: str, members: list[Endpoint], port_name: str) -> dict[str, Any]:
    parts = zip(("region", "zone", "sub_zone"), name.split("/"), strict=False)
    return {
        "locality": {part: value for part, value in parts if value},
        "lb_endpoints": [
            {
                "endpoint": {
                    "address": {
                        "socket_address": {
                            "address": member.address,
                            "port_value": member.ports[port_name],
                        }
                    }
                },
                "metadata": {},
                "load_balancing_weight": member.weight,
            }
            for member in members
        ],
        "load_balancing_weight": sum(member.weight for member in members),
    }
