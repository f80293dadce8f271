"""What istiod answers for names that a proxy asks for and nothing was made under.

A patched listener or cluster may name anything; an answer without content lets the proxy go on.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def route_configurations(
    listeners: Iterable[Mapping[str, Any]], made: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return a route configuration without hosts for each other name that listeners ask for."""
    known = {one["name"] for one in made}
    asked = (name for each in listeners for name in _routes_of(each))
    return tuple(
        {"name": name, "validate_clusters": False}
        for name in dict.fromkeys(asked)
        if name not in known
    )


def load_assignments(
    clusters: Iterable[Mapping[str, Any]], made: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return an assignment without endpoints for each other name that clusters ask for."""
    known = {one["cluster_name"] for one in made}
    asked = (_service_of(one) for one in clusters if one.get("type") == "EDS")
    return tuple({"cluster_name": name} for name in dict.fromkeys(asked) if name not in known)


def _routes_of(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        rds = value.get("rds")
        if isinstance(rds, Mapping) and "ads" in (rds.get("config_source") or {}):
            yield rds["route_config_name"]
        for each in value.values():
            yield from _routes_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from _routes_of(each)


def _service_of(cluster: Mapping[str, Any]) -> str:
    named: str = cluster.get("eds_cluster_config", {}).get("service_name", "")
    return named or cluster["name"]
