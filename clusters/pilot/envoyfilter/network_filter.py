"""NETWORK_FILTER patches on one filter chain (istio.md sections 1.7 and 1.12).

As with HTTP filters there are two passes, whose order is a matter of the release: one over the
patches that put filters in, and one over the filters, which also patches the HTTP filters within.
"""

from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import http_filter, match, merge, names, placing
from clusters.pilot.envoyfilter.ledger import Depth, Place
from clusters.pilot.envoyfilter.value import build

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.envoyfilter.patching import Patching

NetworkFilter = dict[str, Any]


def apply(
    listener: dict[str, Any], chain: dict[str, Any], where: str, patching: "Patching"
) -> None:
    """Patch the network filters of a chain in place, and the HTTP filters within them.

    Raises merge.DescriptorMismatch where istiod panics.
    """
    reaching = []
    for patch in patching.family("NETWORK_FILTER"):
        reason = match.listener(patch, listener)
        depth = Depth.LISTENER
        if not reason:
            depth, reason = (
                Depth.CHAIN,
                match.chain(patch, chain, where, patching.behaviours),
            )
        if reason:
            patching.ledger.failed(patch, depth, reason)
        else:
            reaching.append(patch)
    work = _Chain(listener, chain, where, patching)
    if "inserts-run-before-merge" in patching.behaviours:
        work.list_pass(reaching)
        work.filter_pass(reaching)
    else:
        work.filter_pass(reaching)
        work.list_pass(reaching)
    patching.ledger.settle(Place("network filter", where), chain["filters"])


class _Chain:
    """The network filters of one filter chain while patches work on them."""

    __slots__ = ("_chain", "_filters", "_listener", "_patching", "_where")

    def __init__(
        self, listener: dict[str, Any], chain: dict[str, Any], where: str, patching: "Patching"
    ) -> None:
        self._listener, self._chain, self._where = listener, chain, where
        self._filters: list[NetworkFilter] = chain["filters"]
        self._patching = patching

    def list_pass(self, patches: list["Patch"]) -> None:
        """Put filters in, replace and (since 1.19) remove them, in the order of the patches."""
        in_order = "remove-runs-in-patch-order" in self._patching.behaviours
        for patch in patches:
            if patch.operation in placing.ORDERED:
                self._insert(patch)
            elif patch.operation == "MERGE_AND_REPLACE_LIST":
                text = "Istio ignores MERGE_AND_REPLACE_LIST on NETWORK_FILTER; write MERGE"
                self._fail(patch, text)
            elif patch.operation == "REPLACE" or (patch.operation == "REMOVE" and in_order):
                self._replace_or_remove(patch)

    def filter_pass(self, patches: list["Patch"]) -> None:
        """Merge into each filter, and patch the HTTP filters of those that have some."""
        merging = [patch for patch in patches if self._works_on_filters(patch)]
        for patch in merging:
            if not any(self._matches(patch, one) for one in self._filters):
                self._missing(patch)
        kept = []
        for one in self._filters:
            remover = self._merge_all(merging, one)
            if remover is None:
                kept.append(one)
                http_filter.apply(self._listener, self._chain, one, self._where, self._patching)
            else:
                self._patching.ledger.removed(remover, self._where, [one.get("name", "")])
        self._filters[:] = kept

    def _insert(self, patch: "Patch") -> None:
        operation = patch.operation
        sought = patch.filter_name is not None
        if operation == "INSERT_FIRST" and sought:
            sought = "network-filter-insert-first-needs-its-filter" in self._patching.behaviours
            if sought and not any(self._matches(patch, one) for one in self._filters):
                self._missing(patch)
                return
        if patch.filter_name is None:
            at = placing.unnamed(operation, self._filters)
        else:
            at = placing.position(operation, self._filters, lambda one: self._matches(patch, one))
        if at < 0:
            self._missing(patch)
            return
        made = build(patch.apply_to, patch.value)
        self._filters.insert(at, made)
        self._patching.ledger.put(patch, Place("network filter", self._where), made)

    def _replace_or_remove(self, patch: "Patch") -> None:
        found = [at for at, one in enumerate(self._filters) if self._matches(patch, one)]
        if patch.filter_name is None:
            text = f"{patch.operation} without a filter is ignored; name the network filter"
            self._fail(patch, text)
        elif not found:
            self._missing(patch)
        elif patch.operation == "REPLACE":
            made = build(patch.apply_to, patch.value)
            self._filters[found[0]] = made
            self._patching.ledger.put(patch, Place("network filter", self._where), made)
        else:
            gone = [self._filters[at].get("name", "") for at in found]
            self._filters[:] = [one for at, one in enumerate(self._filters) if at not in found]
            self._patching.ledger.removed(patch, self._where, gone)

    def _works_on_filters(self, patch: "Patch") -> bool:
        if patch.operation != "REMOVE":
            return patch.operation == "MERGE"
        return "remove-runs-in-patch-order" not in self._patching.behaviours

    def _merge_all(self, patches: list["Patch"], one: NetworkFilter) -> "Patch | None":
        """Merge every matching patch into a filter; return the patch that removes it, if any."""
        for patch in patches:
            if not self._matches(patch, one):
                continue
            if patch.operation == "REMOVE":
                return patch
            self._merge(patch, one)
        return None

    def _merge(self, patch: "Patch", one: NetworkFilter) -> None:
        name = one.get("name", "")
        if "typed_config" not in one:
            self._fail(patch, f"network filter `{name}` has no typed_config to merge into")
            return
        value, before = build(patch.apply_to, patch.value), dict(one)
        merged = None
        if "typed_config" in value:
            merged = merge.merge_any(
                one["typed_config"], value["typed_config"], self._patching.behaviours
            )
        if value.get("name"):
            one["name"] = self._renamed(value["name"])
        if merged is not None:
            one["typed_config"] = merged
        if one == before:
            self._fail(patch, f"its value changes nothing in network filter `{name}`")
        else:
            self._patching.ledger.merged(patch, self._where, f"network filter {name}")

    def _renamed(self, name: str) -> str:
        if "deprecated-filter-names-match" in self._patching.behaviours:
            return names.canonical(name, names.NETWORK)
        return name

    def _matches(self, patch: "Patch", one: NetworkFilter) -> bool:
        wanted = patch.filter_name
        return wanted is None or match.same_filter(
            wanted, one.get("name", ""), names.NETWORK, self._patching.behaviours
        )

    def _missing(self, patch: "Patch") -> None:
        has = ", ".join(one.get("name", "") for one in self._filters) or "none"
        reason = match.network_filter(patch, has, self._where, self._patching.behaviours)
        left = f"no network filter is left in {self._where}"
        self._patching.ledger.failed(patch, Depth.NETWORK_FILTER, reason or left)

    def _fail(self, patch: "Patch", reason: str) -> None:
        self._patching.ledger.failed(patch, Depth.OPERATION, f"{reason} ({self._where})")
