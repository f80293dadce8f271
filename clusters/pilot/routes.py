"""Route configurations (RDS) of an ingress gateway (istio.md section 2.5)."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import hosts, protos
from clusters.pilot.routematch import catches_all
from clusters.pilot.services import Service, labels_of
from clusters.pilot.virtualservices import host_names, of_gateway, routes

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.destinationrules import Rules
    from clusters.pilot.documents import Document
    from clusters.pilot.gateways import Chain, Server
    from clusters.pilot.node import Node

_BODY_LIMIT = 1048576


class _VirtualHost:
    """One virtual host while it is put together; equal `routes` objects make two collapse."""

    __slots__ = ("domains", "name", "redirects", "routes")

    def __init__(self, name: str, domains: list[str], redirects: bool) -> None:
        self.name = name
        self.domains = domains
        self.redirects = redirects
        self.routes: list[dict[str, Any]] = []


def route_configuration(
    chain: "Chain",
    documents: Iterable["Document"],
    node: "Node",
    mesh: Iterable[Service],
    rules: "Rules",
    behaviours: "Behaviours",
) -> dict[str, Any]:
    """Return the route configuration behind a filter chain, in Envoy's JSON form."""
    documents, mesh = tuple(documents), tuple(mesh)
    by_host = {service.host: service for service in mesh}
    labels = labels_of(node, mesh)
    found: dict[str, _VirtualHost] = {}
    made_routes: dict[tuple[str, tuple[str, str, str]], list[dict[str, Any]]] = {}
    for server in chain.servers:
        for document in of_gateway(documents, server.gateway, node.namespace):
            names = hosts.intersection(
                hosts.in_namespace(server.hosts, document.namespace), host_names(document)
            )
            key = (server.gateway, document.key)
            if names and key not in made_routes:
                made_routes[key] = routes(
                    document, server, node, labels, by_host, rules, behaviours
                )
            if names and made_routes[key]:
                _bind(found, names, server, made_routes[key], behaviours)
        if server.redirects:
            _redirect(found, server, behaviours)
    return _configuration(chain, _collapsed(found), behaviours)


def _bind(
    found: dict[str, _VirtualHost],
    names: Iterable[str],
    server: "Server",
    made: list[dict[str, Any]],
    behaviours: "Behaviours",
) -> None:
    small = "virtual-hosts-in-small-letters" in behaviours
    for name in (one.lower() if small else one for one in names):
        if name not in found:
            found[name] = _new(name, name, server, behaviours)
        found[name].routes += made
        found[name].redirects = found[name].redirects or server.redirects


def _redirect(found: dict[str, _VirtualHost], server: "Server", behaviours: "Behaviours") -> None:
    small = "redirected-hosts-in-small-letters" in behaviours
    lowered = "virtual-hosts-in-small-letters" in behaviours
    for name in (one.lower() if small else one for one in server.hosts):
        if name not in found:
            domain = name.lower() if lowered else name
            found[name] = _new(name, domain, server, behaviours)
        found[name].redirects = True


def _new(name: str, domain: str, server: "Server", behaviours: "Behaviours") -> _VirtualHost:
    domains = _domains(domain, server.port, behaviours)
    return _VirtualHost(f"{name}:{server.port}", domains, server.redirects)


def _domains(host: str, port: int, behaviours: "Behaviours") -> list[str]:
    if "ports-ignored-in-host-matching" in behaviours or host == "*":
        return [host]
    return [host, f"{host}:{port}" if host.startswith("*") else f"{host}:*"]


def _collapsed(found: Mapping[str, _VirtualHost]) -> list[_VirtualHost]:
    """Return the virtual hosts with those of the very same routes made one, most specific first."""
    kept: dict[tuple[bool, tuple[int, ...]], _VirtualHost] = {}
    for name in sorted(found, key=hosts.by_specificity):
        host = found[name]
        same = (host.redirects, tuple(id(route) for route in host.routes))
        if same in kept:
            kept[same].domains += host.domains
        else:
            kept[same] = host
    return sorted(kept.values(), key=lambda host: host.name)


def _configuration(
    chain: "Chain", virtual_hosts: list[_VirtualHost], behaviours: "Behaviours"
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": chain.route_name,
        "virtual_hosts": [_virtual_host(host) for host in virtual_hosts]
        or [{"name": f"blackhole:{chain.servers[0].port}", "domains": ["*"]}],
        "validate_clusters": False,
    }
    if "ports-ignored-in-host-matching" in behaviours:
        made["ignore_port_in_host_matching"] = True
    if "direct-response-body-limit" in behaviours:
        made["max_direct_response_body_size_bytes"] = _BODY_LIMIT
    return protos.normalise(protos.RDS, made)


def _virtual_host(host: _VirtualHost) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": host.name,
        "domains": host.domains,
        "routes": sorted(host.routes, key=catches_all),
        "include_request_attempt_count": True,
    }
    return made | ({"require_tls": "ALL"} if host.redirects else {})
