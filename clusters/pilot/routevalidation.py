"""What Gateway, VirtualService and ServiceEntry must hold for a route to be made of them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import durations, gatewayvalidation, re2, rulevalidation
from clusters.pilot.portvalidation import port_errors

if TYPE_CHECKING:
    from clusters.pilot.documents import Document

_MILLISECOND = 1_000_000
_REDIRECT_CODES = (0, 301, 302, 303, 307, 308)


def errors(document: "Document") -> Iterator[str]:
    """Yield what istiod would refuse in a document that is no EnvoyFilter."""
    check = {
        "Gateway": gatewayvalidation.errors,
        "DestinationRule": rulevalidation.errors,
        "VirtualService": _virtual_service,
        "ServiceEntry": _service_entry,
    }[document.kind]
    yield from check(document.spec)


def _service_entry(spec: Mapping[str, Any]) -> Iterator[str]:
    if not spec.get("hosts"):
        yield "service entry must have at least one host"
    ports = spec.get("ports") or []
    for port in ports:
        yield from port_errors("service port", port)
    for what in ("name", "number"):
        seen = [port.get(what) for port in ports]
        if len(seen) != len(set(seen)):
            yield f"service entry port {what} must be unique: {seen}"
    resolution, given = spec.get("resolution") or "NONE", spec.get("endpoints") or []
    if resolution == "NONE" and given:
        yield "no endpoints should be provided for resolution type none"
    if resolution == "DNS_ROUND_ROBIN" and len(given) > 1:
        yield f"there must only be 0 or 1 endpoint for resolution mode {resolution}"
    if resolution in ("DNS", "DNS_ROUND_ROBIN") and not given:
        for host in spec.get("hosts") or []:
            if "*" in host:
                yield (
                    "hosts must be FQDN or contain only prefix wildcards if no endpoints are "
                    f"provided for resolution mode {resolution}, {host}"
                )
                break
    for endpoint in spec.get("endpoints") or []:
        if not endpoint.get("address"):
            yield "endpoint address must be set"


def _virtual_service(spec: Mapping[str, Any]) -> Iterator[str]:
    if not spec.get("hosts"):
        yield "virtual service must have at least one host"
    if not spec.get("http"):
        yield "http, tcp or tls must be provided in virtual service"
    for route in spec.get("http") or []:
        yield from _http_route(route)


def _http_route(route: Mapping[str, Any]) -> Iterator[str]:
    actions = [name for name in ("route", "redirect", "directResponse") if route.get(name)]
    if not actions:
        yield "HTTP route, redirect or direct_response is required"
    elif len(actions) > 1:
        yield f"HTTP route cannot contain more than one of {', '.join(actions)}"
    yield from _destinations(route)
    yield from _headers(route)
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
    code = (route.get("redirect") or {}).get("redirectCode", 0)
    if code not in _REDIRECT_CODES:
        yield f"redirect code {code} is not supported"


def _destinations(route: Mapping[str, Any]) -> Iterator[str]:
    routed = route.get("route") or []
    weights = [one.get("weight", 0) for one in routed]
    if any(weight < 0 for weight in weights):
        yield f"weight must be 0 or more: {weights}"
    if len(routed) > 1 and not sum(weights):
        yield "total destination weight = 0"
    mirrors = [route["mirror"]] if route.get("mirror") else []
    mirrors += [one.get("destination") for one in route.get("mirrors") or []]
    for destination in (*(one.get("destination") for one in routed), *mirrors):
        if not (destination or {}).get("host"):
            yield "destination must have a host"


def _headers(route: Mapping[str, Any]) -> Iterator[str]:
    for holder in (route, *(route.get("route") or [])):
        for side in ("request", "response"):
            operations = (holder.get("headers") or {}).get(side) or {}
            named = [*operations.get("add", {}), *operations.get("remove", [])]
            named += [one for one in operations.get("set", {}) if one != ":authority"]
            for name in named:
                if not name:
                    yield "header name cannot be empty"
                elif name.startswith(":"):
                    yield 'header cannot have ":" prefix'


def _matches(match: Mapping[str, Any]) -> Iterator[str]:
    single = [match.get(one) for one in ("uri", "scheme", "method", "authority")]
    several = [
        one
        for table in ("headers", "withoutHeaders", "queryParams")
        for one in (match.get(table) or {}).values()
    ]
    for one in filter(None, (*single, *several)):
        if len(one) > 1:
            yield f"a string match has one of exact, prefix and regex, not {', '.join(one)}"
        try:
            re2.compile(one.get("regex", ""))
        except re2.InvalidRegex as error:
            yield f'"regex": {error}; Istio uses RE2 style regex-based match'
