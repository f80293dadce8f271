"""What TCP and TLS routes of a VirtualService must hold, in the words of Istio's webhook."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from clusters.pilot import destinationvalidation, hosts, namevalidation
from clusters.pilot.portvalidation import number_errors

Spec = Mapping[str, Any]


def delegate_errors(spec: Spec) -> Iterator[str]:
    """Yield what is wrong with a VirtualService that has no hosts and such routes."""
    if not spec.get("hosts"):
        for sort in ("tls", "tcp"):
            if spec.get(sort):
                yield f"delegate virtual service must have no {sort} route specified"


def errors(spec: Spec) -> Iterator[str]:
    """Yield what istiod would refuse in the routes of a VirtualService that are not HTTP."""
    for route in spec.get("tls") or []:
        if not route.get("match"):
            yield "TLS route must have at least one match condition"
        for match in route.get("match") or []:
            if not match.get("sniHosts"):
                yield "TLS match must have at least one SNI host"
            for name in match.get("sniHosts") or []:
                yield from _name(name, spec.get("hosts") or [])
            yield from _match(match)
        yield from _route("TLS", route)
    for route in spec.get("tcp") or []:
        for match in route.get("match") or []:
            yield from _match(match)
        yield from _route("TCP", route)


def warnings(spec: Spec) -> Iterator[str]:
    """Yield what istiod warns about in such routes."""
    for route in spec.get("tls") or []:
        for match in route.get("match") or []:
            yield from namevalidation.gateway_name_warnings(match.get("gateways") or [])
            for name in match.get("sniHosts") or []:
                if any(namevalidation.host_errors(name)) and namevalidation.is_address(name):
                    yield (
                        f'using an IP address ("{name}") goes against SNI spec '
                        "and most clients do not support this"
                    )


def _name(name: str, within: list[str]) -> Iterator[str]:
    wrong = list(namevalidation.host_errors(name))
    if wrong:
        yield from [] if namevalidation.is_address(name) else wrong
    elif not any(hosts.covers(one, name) for one in within):
        yield (
            f'SNI host "{name}" is not a compatible subset of any of the virtual service hosts: '
            f"[{', '.join(within)}]"
        )


def _match(match: Spec) -> Iterator[str]:
    for subnet in match.get("destinationSubnets") or []:
        yield from _subnet(subnet)
    if match.get("port"):
        yield from number_errors(match["port"])
    yield from namevalidation.gateway_name_errors(match.get("gateways") or [])


def _subnet(text: str) -> Iterator[str]:
    if text.count("/") == 1:
        try:
            ip_network(text, strict=False)
        except ValueError:
            yield f"{text} is not a valid CIDR block"
    elif not namevalidation.is_address(text):
        yield f"{text} is not a valid IP"


def _route(sort: str, route: Spec) -> Iterator[str]:
    if not route.get("route"):
        yield f"{sort} route is required"
    yield from destinationvalidation.errors(route.get("route") or [])
