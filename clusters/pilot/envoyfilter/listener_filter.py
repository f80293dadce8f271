"""LISTENER_FILTER patches on one listener (istio.md section 1.7)."""

from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import match, merge, placing
from clusters.pilot.envoyfilter.ledger import Depth, Place
from clusters.pilot.envoyfilter.value import build

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.envoyfilter.patching import Patching

ListenerFilter = dict[str, Any]


def apply(listener: dict[str, Any], where: str, patching: "Patching") -> None:
    """Patch the listener filters of a listener in place, patch by patch.

    Raises merge.DescriptorMismatch where istiod panics.
    """
    patches = patching.family("LISTENER_FILTER")
    if not patches:
        return
    filters: list[ListenerFilter] = listener.setdefault("listener_filters", [])
    for patch in patches:
        reason = match.listener(patch, listener)
        if reason:
            patching.ledger.failed(patch, Depth.LISTENER, reason)
        elif patch.operation in placing.ORDERED:
            _insert(filters, patch, where, patching)
        elif not patch.listener_filter:
            text = f"{patch.operation} without a listenerFilter is ignored; name the one it is for"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
        elif patch.operation == "MERGE":
            _merge(filters, patch, where, patching)
        else:
            _replace_or_remove(filters, patch, where, patching)
    patching.ledger.settle(Place("listener filter", where), filters)
    if not filters:
        del listener["listener_filters"]


def _insert(
    filters: list[ListenerFilter], patch: "Patch", where: str, patching: "Patching"
) -> None:
    if patch.listener_filter:
        at = placing.position(
            patch.operation, filters, lambda one: one.get("name") == patch.listener_filter
        )
    else:
        at = placing.unnamed(patch.operation, filters)
    if at < 0:
        _missing(filters, patch, where, patching)
        return
    made = build(patch.apply_to, patch.value)
    filters.insert(at, made)
    patching.ledger.put(patch, Place("listener filter", where), made)


def _replace_or_remove(
    filters: list[ListenerFilter], patch: "Patch", where: str, patching: "Patching"
) -> None:
    wanted = patch.listener_filter
    found = [at for at, one in enumerate(filters) if one.get("name") == wanted]
    if patch.operation not in ("REPLACE", "REMOVE"):
        text = f"Istio ignores {patch.operation} on LISTENER_FILTER"
        patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
    elif not found:
        _missing(filters, patch, where, patching)
    elif patch.operation == "REPLACE":
        made = build(patch.apply_to, patch.value)
        filters[found[0]] = made
        patching.ledger.put(patch, Place("listener filter", where), made)
    else:
        filters[:] = [one for one in filters if one.get("name") != wanted]
        patching.ledger.removed(patch, where, [wanted])


def _merge(filters: list[ListenerFilter], patch: "Patch", where: str, patching: "Patching") -> None:
    if "listener-filter-merge" not in patching.behaviours:
        text = "Istio before 1.27 ignores MERGE on LISTENER_FILTER; write REPLACE"
        patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
        return
    value = build(patch.apply_to, patch.value)
    if "typed_config" not in value:
        text = "a value without typed_config merges nothing into a listener filter"
        patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
        return
    # istiod asks only that a name is given, and then merges into every listener filter.
    configured = [one for one in filters if "typed_config" in one]
    for one in configured:
        one["typed_config"] = merge.merge_same(
            one["typed_config"], value["typed_config"], patching.behaviours
        )
        patching.ledger.merged(patch, where, f"listener filter {one.get('name', '')}")
    if not configured:
        text = "no listener filter has a typed_config to merge into"
        patching.ledger.failed(patch, Depth.LISTENER_FILTER, f"{text} ({where})")


def _missing(
    filters: list[ListenerFilter], patch: "Patch", where: str, patching: "Patching"
) -> None:
    has = ", ".join(one.get("name", "") for one in filters) or "none"
    text = f"no listener filter `{patch.listener_filter}` in {where}, which has: {has}"
    patching.ledger.failed(patch, Depth.LISTENER_FILTER, text)
