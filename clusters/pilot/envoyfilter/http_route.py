"""HTTP_ROUTE patches on one virtual host (istio.md section 1.7, RDS)."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import match_routes, merge, placing
from clusters.pilot.envoyfilter.ledger import Depth, Place
from clusters.pilot.envoyfilter.patching import MERGES
from clusters.pilot.envoyfilter.value import build

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.envoyfilter.patching import Patching

Route = dict[str, Any]


def share(hosts: Iterable[dict[str, Any]], behaviours: "Behaviours") -> None:
    """Let equal routes of several virtual hosts be one object where the release shares them.

    A merge then shows in each of them, and twice where it reaches both.
    """
    if "route-merge-leaks-to-other-hosts" not in behaviours:
        return
    known: dict[str, Route] = {}
    for host in hosts:
        if host.get("routes"):
            host["routes"] = [
                known.setdefault(json.dumps(route, sort_keys=True), route)
                for route in host["routes"]
            ]


def apply(host: dict[str, Any], where: str, patching: "Patching") -> None:
    """Patch the routes of a virtual host in place: first merges and removals, then what is new."""
    reaching = []
    for patch in patching.family("HTTP_ROUTE"):
        reason = match_routes.virtual_host(patch, host, where, patching.behaviours)
        if reason:
            patching.ledger.failed(patch, Depth.VIRTUAL_HOST, reason)
        else:
            reaching.append(patch)
    if not reaching:
        return
    inside = f"virtual host {host.get('name', '')} of {where}"
    routes: list[Route | None] = list(host.get("routes", ()))
    for index, route in enumerate(routes):
        assert route is not None
        routes[index] = _merged(route, reaching, inside, patching)
    for patch in reaching:
        _place(routes, patch, inside, patching)
    left = [one for one in routes if one is not None]
    patching.ledger.settle(Place("route", inside), left)
    if left:
        host["routes"] = left
    else:
        host.pop("routes", None)


def _merged(
    route: Route, patches: Iterable["Patch"], inside: str, patching: "Patching"
) -> Route | None:
    """Return a route with every matching patch merged, or None if one removes it."""
    for patch in patches:
        if patch.operation in placing.ORDERED:
            continue
        name = route.get("name") or "without a name"
        reason = match_routes.route(patch, route, inside)
        if reason:
            patching.ledger.failed(patch, Depth.ROUTE, reason)
        elif patch.operation == "REMOVE":
            patching.ledger.removed(patch, inside, [f"route {name}"])
            return None
        elif patch.operation not in MERGES:
            text = f"Istio ignores {patch.operation} on HTTP_ROUTE; write REMOVE and INSERT_BEFORE"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({inside})")
        elif merge.merge_value(route, patch, patching.behaviours):
            patching.ledger.merged(patch, inside, f"route {name}")
        else:
            text = f"its value changes nothing in route {name}"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({inside})")
    return route


def _place(routes: list[Route | None], patch: "Patch", inside: str, patching: "Patching") -> None:
    if patch.operation not in placing.ORDERED:
        if not routes:
            patching.ledger.failed(patch, Depth.ROUTE, f"{inside} has no route")
        return
    if patch.route is None or patch.operation == "ADD":
        at = placing.unnamed(patch.operation, routes)
    else:
        at = _beside(routes, patch, inside, patching)
        if at < 0:
            return
    made = build(patch.apply_to, patch.value)
    routes.insert(at, made)
    patching.ledger.put(patch, Place("route", inside), made)


def _beside(routes: list[Route | None], patch: "Patch", inside: str, patching: "Patching") -> int:
    reasons = [match_routes.route(patch, one, inside) for one in routes]
    if None not in reasons:
        has = ", ".join(one.get("name") or "(no name)" for one in routes if one) or "none"
        text = f"no route of {inside} is the one the match names; it has: {has}"
        patching.ledger.failed(patch, Depth.ROUTE, text)
        return -1
    found = reasons.index(None)
    # INSERT_FIRST asks for the route, and then goes before all of them.
    return {"INSERT_FIRST": 0, "INSERT_BEFORE": found}.get(patch.operation, found + 1)
