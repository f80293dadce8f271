"""LISTENER patches, and the order in which every patch on a listener runs (istio.md 1.7, LDS)."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import filter_chain, listener_filter, match, merge
from clusters.pilot.envoyfilter.ledger import Depth
from clusters.pilot.envoyfilter.patching import MERGES
from clusters.pilot.envoyfilter.value import build

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.envoyfilter.patching import Patching

FAMILIES = ("LISTENER", "LISTENER_FILTER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER")
"""The families that work on listeners."""

_MERGED_OR_REMOVED = (*MERGES, "REMOVE")


def apply(
    listeners: Iterable[Mapping[str, Any]], patching: "Patching"
) -> tuple[dict[str, Any], ...]:
    """Return the listeners with every patch of the five families applied.

    The listeners given stay as they are. Where a merge makes istiod panic, what was patched before
    stays patched, nothing is patched after it, and no listener is added, as istiod sends them.
    """
    made = [deepcopy(dict(one)) for one in listeners]
    _tell_without_listeners(made, patching)
    try:
        for one in made:
            _patch(one, patching)
    except merge.DescriptorMismatch as panic:
        for family in FAMILIES:
            patching.ledger.panicked(patching.family(family), "listeners", str(panic))
        return tuple(made)
    return tuple(one for one in (*made, *_added(patching)) if one.get("name"))


def _patch(listener: dict[str, Any], patching: "Patching") -> None:
    where = f"listener {listener['name']}"
    for patch in patching.family("LISTENER"):
        if patch.operation == "ADD":
            continue
        reason = match.listener(patch, listener)
        if reason:
            patching.ledger.failed(patch, Depth.LISTENER, reason)
        elif patch.operation not in _MERGED_OR_REMOVED:
            text = f"Istio ignores {patch.operation} on LISTENER; write ADD, REMOVE or MERGE"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
        elif patch.operation == "REMOVE":
            listener["name"] = ""
            patching.ledger.did(patch, where, "removed it all")
            return
        elif merge.merge_value(listener, patch, patching.behaviours):
            patching.ledger.merged(patch, where, "the listener")
        else:
            patching.ledger.failed(patch, Depth.OPERATION, f"its value changes nothing in {where}")
    listener_filter.apply(listener, where, patching)
    filter_chain.apply(listener, where, patching)


def _added(patching: "Patching") -> Iterable[dict[str, Any]]:
    for patch in patching.family("LISTENER"):
        if patch.operation != "ADD":
            continue
        if any_context_is_ignored(patch, patching):
            text = "Istio 1.12.0 adds nothing to a gateway for the context ANY; write GATEWAY"
            patching.ledger.failed(patch, Depth.CONTEXT, text)
            continue
        made = build(patch.apply_to, patch.value)
        if made.get("name"):
            patching.ledger.did(patch, "the gateway", f"added listener {made['name']}")
        else:
            text = "Istio drops an added listener without a name"
            patching.ledger.failed(patch, Depth.OPERATION, text)
        yield made


def any_context_is_ignored(patch: "Patch", patching: "Patching") -> bool:
    """Tell whether an ADD is left out because its context is ANY or not given."""
    is_any = (patch.match.get("context") or "ANY") == "ANY"
    return is_any and "add-for-any-context-skips-gateways" in patching.behaviours


def _tell_without_listeners(made: Iterable[Any], patching: "Patching") -> None:
    if made:
        return
    for family in FAMILIES:
        for patch in patching.family(family):
            text = "no Gateway gives the proxy a listener"
            patching.ledger.failed(patch, Depth.NO_LISTENER, text)
