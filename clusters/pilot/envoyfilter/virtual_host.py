"""VIRTUAL_HOST patches on one route configuration, and the routes within (istio.md 1.7, RDS)."""

from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import http_route, match_routes, merge
from clusters.pilot.envoyfilter.ledger import Depth, Place
from clusters.pilot.envoyfilter.patching import MERGES
from clusters.pilot.envoyfilter.value import build

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.match_routes import PortMap
    from clusters.pilot.envoyfilter.patching import Patching

VirtualHost = dict[str, Any]


def apply(
    configuration: dict[str, Any], where: str, ports: "PortMap", patching: "Patching"
) -> None:
    """Patch the virtual hosts of a route configuration in place."""
    reaching: dict[str, list[Any]] = {}
    for family in ("VIRTUAL_HOST", "HTTP_ROUTE"):
        for patch in patching.family(family):
            reason = match_routes.configuration(patch, configuration, ports, patching.behaviours)
            if reason:
                patching.ledger.failed(patch, Depth.ROUTE_CONFIGURATION, reason)
            else:
                reaching.setdefault(family, []).append(patch)
    if not reaching:
        return
    reached = patching.narrowed(reaching)
    hosts: list[VirtualHost] = configuration.setdefault("virtual_hosts", [])
    _tell_without_hosts(hosts, where, reached)
    http_route.share(hosts, patching.behaviours)
    removed = {host.get("name", "") for host in hosts if _patched_away(host, where, reached)}
    for patch in reached.family("VIRTUAL_HOST"):
        if patch.operation == "ADD":
            made = build(patch.apply_to, patch.value)
            hosts.append(made)
            patching.ledger.put(patch, Place("virtual host", where), made)
    # By name: what was added under the name of a removed one goes as well.
    hosts[:] = [host for host in hosts if host.get("name", "") not in removed]
    patching.ledger.settle(Place("virtual host", where), hosts)
    if not hosts:
        del configuration["virtual_hosts"]


def _patched_away(host: VirtualHost, where: str, patching: "Patching") -> bool:
    """Patch one virtual host; tell whether it is to be removed."""
    merged = merge.Merged(host, patching.behaviours)
    for patch in patching.family("VIRTUAL_HOST"):
        if patch.operation == "ADD":
            continue
        seen = merged.view("name", "domains")
        name = seen.get("name", "")
        reason = match_routes.virtual_host(patch, seen, where, patching.behaviours)
        if reason:
            patching.ledger.failed(patch, Depth.VIRTUAL_HOST, reason)
        elif patch.operation == "REMOVE":
            patching.ledger.removed(patch, where, [f"virtual host {name}"])
            merged.close()
            return True
        elif patch.operation in MERGES:
            if merged.merge(patch):
                patching.ledger.merged(patch, where, f"virtual host {name}")
            else:
                text = f"its value changes nothing in virtual host {name}"
                patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
        elif patch.operation == "REPLACE" and "virtual-host-replace" in patching.behaviours:
            merged.replace(build(patch.apply_to, patch.value))
            patching.ledger.did(patch, where, f"replaced virtual host {name}")
        else:
            text = f"Istio ignores {patch.operation} on VIRTUAL_HOST in this release"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
    merged.close()
    http_route.apply(host, where, patching)
    return False


def _tell_without_hosts(hosts: list[VirtualHost], where: str, patching: "Patching") -> None:
    if hosts:
        return
    for family in ("VIRTUAL_HOST", "HTTP_ROUTE"):
        for patch in patching.family(family):
            text = f"{where} has no virtual host"
            patching.ledger.failed(patch, Depth.VIRTUAL_HOST, text)
