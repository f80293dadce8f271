"""Whether a patch matches a route configuration, a virtual host or a route (istio.md 1.8).

Each test returns the reason why not, or None.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.gateways import ListenPort

PortMap = Mapping[int, frozenset[int]]
"""The ports of Gateways that stand behind the number in a route configuration's name."""

_DOTS_IN_HTTPS = 4
_ACTIONS = {"route": "ROUTE", "redirect": "REDIRECT", "direct_response": "DIRECT_RESPONSE"}


def port_map(ports: Iterable["ListenPort"]) -> PortMap:
    """Return which Gateway ports the route configurations of a proxy stand for."""
    found: dict[int, frozenset[int]] = {}
    for port in ports:
        for chain in port.chains:
            if not chain.route_name:
                continue
            number, _, _ = _parsed(chain.route_name)
            servers = frozenset(server.port for server in chain.servers)
            found[number] = found.get(number, frozenset()) | servers
    return found


def configuration(
    patch: "Patch", found: Mapping[str, Any], ports: PortMap, behaviours: "Behaviours"
) -> str | None:
    """Return why a route configuration is not the one a patch is for."""
    wanted, name = patch.routes, found["name"]
    number, port_name, gateway = _parsed(name)
    behind = frozenset((number,))
    if "route-name-uses-target-port" in behaviours:
        behind = ports.get(number, behind)
    port = wanted.get("portNumber")
    if port and port not in behind:
        has = ", ".join(str(one) for one in sorted(behind))
        return f"the match names port {port}, route configuration {name} is for port {has}"
    for wish, has in (("portName", port_name), ("gateway", gateway), ("name", name)):
        if wanted.get(wish) and wanted[wish] != has:
            shown = f"`{has}`" if has else "none (only those of HTTPS servers have one)"
            return (
                f"the match wants {wish} `{wanted[wish]}`, route configuration {name} has {shown}"
            )
    return None


def virtual_host(
    patch: "Patch", found: Mapping[str, Any], where: str, behaviours: "Behaviours"
) -> str | None:
    """Return why a virtual host of a route configuration (`where`) is not the one."""
    name, domain = (patch.virtual_host.get(one) for one in ("name", "domainName"))
    if name and name != found.get("name", ""):
        return f"the match names virtual host `{name}`, {where} has `{found.get('name', '')}`"
    known = "virtual-host-domain-match" in behaviours
    if known and domain and domain not in found.get("domains", ()):
        has = ", ".join(found.get("domains", ()))
        return f"the match wants the domain `{domain}`, a virtual host of {where} has: {has}"
    return None


def route(patch: "Patch", found: Mapping[str, Any] | None, where: str) -> str | None:
    """Return why a route is not the one a patch is for; None stands for a removed one."""
    wanted = patch.route
    if wanted is None:
        return None
    if found is None:
        return f"an earlier patch removed a route of {where}"
    name, has = wanted.get("name"), found.get("name", "")
    if name and name != has:
        return f"the match names route `{name}`, {where} has a route named `{has}`"
    action = wanted.get("action") or "ANY"
    own = next((text for field, text in _ACTIONS.items() if field in found), None)
    if action != "ANY" and own is not None and action != own:
        return f"the match wants a route with the action {action}, {where} has one with {own}"
    return None


def _parsed(name: str) -> tuple[int, str, str]:
    """Return the port, the port's name and the gateway that a route configuration's name tells."""
    kind, _, rest = name.partition(".")
    if kind == "http":
        return _number(rest), "", ""
    if kind != "https" or name.count(".") != _DOTS_IN_HTTPS:
        return 0, "", ""
    port, port_name, gateway, namespace = rest.split(".")
    return _number(port), port_name, f"{namespace}/{gateway}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
