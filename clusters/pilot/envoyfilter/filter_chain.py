"""FILTER_CHAIN patches on one listener, and the network filters within (istio.md section 1.7)."""

from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import match, merge, network_filter
from clusters.pilot.envoyfilter.ledger import Depth
from clusters.pilot.envoyfilter.patching import MERGES
from clusters.pilot.envoyfilter.value import build

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.envoyfilter.patching import Patching

Chain = dict[str, Any]


def apply(listener: dict[str, Any], where: str, patching: "Patching") -> None:
    """Patch the filter chains of a listener in place; a chain without filters is dropped.

    Raises merge.DescriptorMismatch where istiod panics.
    """
    # An absent `filters` is Go's nil, an empty one a list that was emptied: only nil is dropped.
    chains: list[Chain] = listener.get("filter_chains", [])
    for chain in chains:
        if "filters" in chain:
            _patch(listener, chain, where, patching)
    default = listener.get("default_filter_chain")
    if default and "filters" in default:
        _patch(listener, default, where, patching)
        if "filters" not in default:
            del listener["default_filter_chain"]
    for patch in patching.family("FILTER_CHAIN"):
        if patch.operation == "ADD":
            _add(listener, chains, patch, where, patching)
    listener["filter_chains"] = [chain for chain in chains if "filters" in chain]


def _patch(listener: dict[str, Any], chain: Chain, where: str, patching: "Patching") -> None:
    for patch in patching.family("FILTER_CHAIN"):
        if patch.operation == "ADD":
            continue
        tests = (
            (Depth.LISTENER, match.listener(patch, listener)),
            (Depth.CHAIN, match.chain(patch, chain, where, patching.behaviours)),
        )
        failed = next(((depth, text) for depth, text in tests if text), None)
        if failed:
            patching.ledger.failed(patch, *failed)
        elif patch.operation == "REMOVE":
            del chain["filters"]
            patching.ledger.removed(patch, where, [_named(chain)])
            return
        elif patch.operation in MERGES:
            _merge(chain, patch, where, patching)
        else:
            text = f"Istio ignores {patch.operation} on FILTER_CHAIN; write ADD, REMOVE or MERGE"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
    network_filter.apply(listener, chain, where, patching)


def _merge(chain: Chain, patch: "Patch", where: str, patching: "Patching") -> None:
    value = build(patch.apply_to, patch.value)
    wanted, has = value.get("transport_socket"), chain.get("transport_socket")
    alone = "transport-socket-merge" in patching.behaviours
    if wanted:
        merge.check_socket(patch, wanted, [has] if has else [], patching.behaviours)
    if alone and wanted and has and wanted.get("name") == has.get("name"):
        # Nothing else of the value is looked at.
        if "typed_config" in wanted and "typed_config" in has:
            has["typed_config"] = merge.merge_same(
                has["typed_config"], wanted["typed_config"], patching.behaviours
            )
            patching.ledger.merged(patch, where, f"transport socket {has.get('name')}")
        else:
            text = f"transport socket {has.get('name')} has no typed_config on both sides"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
    elif merge.merge_value(chain, patch, patching.behaviours):
        patching.ledger.merged(patch, where, _named(chain))
    else:
        text = f"its value changes nothing in {_named(chain)}"
        patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")


def _add(
    listener: dict[str, Any], chains: list[Chain], patch: "Patch", where: str, patching: "Patching"
) -> None:
    reason = match.listener(patch, listener)
    if reason:
        patching.ledger.failed(patch, Depth.LISTENER, reason)
        return
    made = build(patch.apply_to, patch.value)
    chains.append(made)
    if "filters" in made:
        patching.ledger.did(patch, where, f"added {_named(made)}")
    else:
        text = f"Istio drops an added filter chain without filters ({where})"
        patching.ledger.failed(patch, Depth.OPERATION, text)


def _named(chain: Chain) -> str:
    return f"filter chain {chain['name']}" if chain.get("name") else "a filter chain"
