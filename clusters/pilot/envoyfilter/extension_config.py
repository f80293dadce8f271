"""EXTENSION_CONFIG patches: what istiod serves on ECDS (istio.md section 1.7)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter.ledger import Depth
from clusters.pilot.envoyfilter.value import build

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Outcome, Patch


def apply(
    patches: Iterable["Patch"], listeners: Iterable[Mapping[str, Any]]
) -> tuple[tuple[dict[str, Any], ...], tuple["Outcome", ...]]:
    """Return the extension configurations that patches add, and what became of each patch.

    Several of one name are all served, as istiod does. A configuration takes effect where an HTTP
    filter of the listeners asks for its name.
    """
    asked = {name: where for where, name in _asked(listeners)}
    made, outcomes = [], []
    for patch in patches:
        if patch.operation != "ADD":
            text = f"EXTENSION_CONFIG knows ADD only, {patch.operation} is ignored"
            outcomes.append(patch.outcome(False, text))
            continue
        value = build(patch.apply_to, patch.value)
        name = value.get("name", "")
        made.append(value)
        if name in asked:
            text = f"serves `{name}`, which {asked[name]} asks for"
            outcomes.append(patch.outcome(True, text))
        else:
            outcomes.append(patch.outcome(False, _unasked(name, asked), Depth.NETWORK_FILTER))
    return tuple(made), tuple(outcomes)


def _unasked(name: str, asked: Mapping[str, str]) -> str:
    others = f"; asked for are: {', '.join(asked)}" if asked else ""
    return f"no HTTP filter asks for `{name}` by config_discovery over ads{others}"


def _asked(listeners: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for listener in listeners:
        for chain in listener.get("filter_chains", ()):
            for network in chain.get("filters", ()):
                for one in network.get("typed_config", {}).get("http_filters", ()):
                    source = (one.get("config_discovery") or {}).get("config_source") or {}
                    if "ads" in source:
                        yield f"listener {listener['name']}", one["name"]
