"""What Gateway, VirtualService and ServiceEntry must hold for a route to be made of them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import (
    connectionvalidation,
    destinationvalidation,
    durations,
    gatewayvalidation,
    namevalidation,
    routeparts,
    rulevalidation,
)
from clusters.pilot.portvalidation import number_errors

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document

_MILLISECOND = 1_000_000


def errors(document: "Document", behaviours: "Behaviours") -> Iterator[str]:
    """Yield what istiod would refuse in a document that is no EnvoyFilter."""
    if document.kind == "DestinationRule":
        yield from rulevalidation.errors(document.spec, behaviours)
        return
    check = {
        "Gateway": gatewayvalidation.errors,
        "VirtualService": _virtual_service,
        "ServiceEntry": _service_entry,
    }[document.kind]
    yield from check(document.spec)


def warnings(document: "Document") -> Iterator[str]:
    """Yield what istiod warns about in a document of these kinds that it accepts."""
    spec = document.spec
    if document.kind == "Gateway":
        yield from gatewayvalidation.warnings(spec)
    elif document.kind == "DestinationRule":
        yield from rulevalidation.warnings(spec)
    elif document.kind == "VirtualService":
        yield from namevalidation.gateway_name_warnings(spec.get("gateways") or [])
        for route in spec.get("http") or []:
            yield from routeparts.warnings(route)
        yield from connectionvalidation.warnings(spec)


def _service_entry(spec: Mapping[str, Any]) -> Iterator[str]:
    if not spec.get("hosts"):
        yield "service entry must have at least one host"
    for host in spec.get("hosts") or []:
        yield from ["invalid host *"] if host == "*" else namevalidation.host_errors(host)
    yield from _service_ports(spec.get("ports") or [])
    resolution, given = spec.get("resolution") or "NONE", spec.get("endpoints") or []
    if resolution == "NONE" and given:
        yield "no endpoints should be provided for resolution type none"
    if resolution == "DNS_ROUND_ROBIN" and len(given) > 1:
        yield f"there must only be 0 or 1 endpoint for resolution mode {resolution}"
    if resolution in ("DNS", "DNS_ROUND_ROBIN") and not given:
        for host in spec.get("hosts") or []:
            for error in namevalidation.full_host_errors(host):
                yield (
                    "hosts must be FQDN or contain only prefix wildcards if no endpoints are "
                    f"provided for resolution mode {resolution}, {error}"
                )
    for endpoint in given:
        yield from _endpoint(endpoint.get("address") or "", resolution)
    yield from namevalidation.export_errors(spec.get("exportTo") or [])


def _service_ports(ports: list[Mapping[str, Any]]) -> Iterator[str]:
    names, numbers = set[str](), set[int]()
    for port in ports:
        name, number = port.get("name") or "", port.get("number", 0)
        if name in names:
            yield f'service entry port name "{name}" already defined'
        if number in numbers:
            yield f"service entry port {number} already defined"
        names.add(name)
        numbers.add(number)
        if not name:
            yield f"invalid port name: {name}"
        yield from number_errors(number)
        if port.get("targetPort"):
            yield from number_errors(port["targetPort"])


def _endpoint(address: str, resolution: str) -> Iterator[str]:
    if not address:
        yield "address is required" if resolution != "NONE" else "endpoint address must be set"
    elif namevalidation.is_address(address):
        return
    elif resolution == "STATIC":
        yield f'endpoint address "{address}" is not a valid IP address'
    elif resolution != "NONE" and any(namevalidation.full_host_errors(address)):
        yield f'endpoint address "{address}" is not a valid FQDN or an IP address'


def _virtual_service(spec: Mapping[str, Any]) -> Iterator[str]:
    hosts = spec.get("hosts") or []
    if not hosts and spec.get("gateways"):
        yield "delegate virtual service must have no gateways specified"
    yield from namevalidation.gateway_name_errors(spec.get("gateways") or [])
    for host in hosts:
        if not namevalidation.is_address(host):
            yield from namevalidation.host_errors(host)
    yield from namevalidation.overlap_errors(hosts)
    yield from connectionvalidation.delegate_errors(spec)
    if not any(spec.get(sort) for sort in ("http", "tls", "tcp")):
        yield "http, tcp or tls must be provided in virtual service"
    for route in spec.get("http") or []:
        if not hosts and route.get("delegate") is not None:
            yield "delegate HTTP route cannot contain delegate"
        is_root = bool(hosts) and route.get("delegate") is not None
        yield from _root(route) if is_root else _actions(route)
        yield from _http_route(route)
    yield from connectionvalidation.errors(spec)
    yield from namevalidation.export_errors(spec.get("exportTo") or [])


def _root(route: Mapping[str, Any]) -> Iterator[str]:
    for field in ("redirect", "route"):
        if route.get(field) is not None:
            yield f"root HTTP route {route.get('name') or ''} must not specify {field}"


def _http_route(route: Mapping[str, Any]) -> Iterator[str]:
    mirrors = [route["mirror"]] if route.get("mirror") else []
    mirrors += [one.get("destination") for one in route.get("mirrors") or []]
    yield from destinationvalidation.errors(route.get("route") or [], mirrors)
    yield from _headers(route)
    yield from routeparts.errors(route)
    for match in route.get("match") or []:
        yield from _matches(match)
    retries = route.get("retries") or {}
    asked = ("perTryTimeout", "retryOn", "retryRemoteLocalities")
    if retries.get("attempts", 0) < 0:
        yield "attempts cannot be negative"
    elif not retries.get("attempts") and any(retries.get(one) is not None for one in asked):
        yield "http retry policy configured when attempts are set to 0 (disabled)"
    for duration in (route.get("timeout"), retries.get("perTryTimeout"), retries.get("backoff")):
        if duration and (durations.nanoseconds(duration) or 0) < _MILLISECOND:
            yield "duration must be greater than 1ms"


def _actions(route: Mapping[str, Any]) -> Iterator[str]:
    routed, redirect, direct = (
        bool(route.get("route")),
        route.get("redirect") is not None,
        route.get("directResponse") is not None,
    )
    if not (routed or redirect or direct):
        yield "HTTP route, redirect or direct_response is required"
    if routed and redirect:
        yield "HTTP route cannot contain both route and redirect"
    elif routed and direct:
        yield "HTTP route cannot contain both route and direct_response"
    if redirect and direct:
        yield "HTTP route rule cannot contain both direct_response and redirect"
    if redirect and route.get("rewrite") is not None:
        yield "HTTP route rule cannot contain both rewrite and redirect"


def _headers(route: Mapping[str, Any]) -> Iterator[str]:
    for holder in (route, *(route.get("route") or [])):
        for side in ("request", "response"):
            operations = (holder.get("headers") or {}).get(side) or {}
            named = [*operations.get("add", {}), *operations.get("remove", [])]
            may_be_set = ":authority" if side == "request" else ""
            named += [one for one in operations.get("set", {}) if one != may_be_set or not one]
            for name in named:
                if not name:
                    yield "header name cannot be empty"
                elif name.startswith(":"):
                    yield f'invalid header "{name}": header cannot have ":" prefix'


def _matches(match: Mapping[str, Any]) -> Iterator[str]:
    if match.get("port"):
        yield from number_errors(match["port"])
    yield from namevalidation.gateway_name_errors(match.get("gateways") or [])
    for table in ("headers", "withoutHeaders"):
        if any(not name for name in match.get(table) or {}):
            yield "header name cannot be empty"
    written = [(one, match.get(one)) for one in ("uri", "scheme", "method", "authority")]
    written += [
        (table, one)
        for table in ("headers", "withoutHeaders", "queryParams")
        for one in (match.get(table) or {}).values()
    ]
    for where, one in written:
        if len(one or {}) > 1:
            yield f"a string match has one of exact, prefix and regex, not {', '.join(one or {})}"
        yield from routeparts.regex_errors(where, (one or {}).get("regex", ""))
