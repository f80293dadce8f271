"""ROUTE_CONFIGURATION patches, and the order of all patches on routes (istio.md 1.7, RDS)."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import match_routes, merge, virtual_host
from clusters.pilot.envoyfilter.ledger import Depth
from clusters.pilot.envoyfilter.patching import MERGES

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.match_routes import PortMap
    from clusters.pilot.envoyfilter.patching import Patching

FAMILIES = ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE")
"""The families that work on route configurations."""


def apply(
    configurations: Iterable[Mapping[str, Any]], ports: "PortMap", patching: "Patching"
) -> tuple[dict[str, Any], ...]:
    """Return the route configurations with every patch of the three families applied.

    Those given stay as they are. `ports` says which ports of Gateways each one stands for.
    """
    made = [deepcopy(dict(one)) for one in configurations]
    patches = [patch for family in FAMILIES for patch in patching.family(family)]
    if not made:
        for patch in patches:
            text = "no Gateway gives the proxy a route configuration"
            patching.ledger.failed(patch, Depth.NO_ROUTES, text)
    elif patches:
        for one in made:
            _patch(one, ports, patching)
    return tuple(made)


def _patch(configuration: dict[str, Any], ports: "PortMap", patching: "Patching") -> None:
    where = f"route configuration {configuration['name']}"
    for patch in patching.family("ROUTE_CONFIGURATION"):
        reason = match_routes.configuration(patch, configuration, ports, patching.behaviours)
        if reason:
            patching.ledger.failed(patch, Depth.ROUTE_CONFIGURATION, reason)
        elif patch.operation not in MERGES:
            text = f"Istio ignores {patch.operation} on ROUTE_CONFIGURATION; write MERGE"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
        elif merge.merge_value(configuration, patch, patching.behaviours):
            patching.ledger.merged(patch, where, "the route configuration")
        else:
            text = f"its value changes nothing in {where}"
            patching.ledger.failed(patch, Depth.OPERATION, text)
    virtual_host.apply(configuration, where, ports, patching)
