"""HTTP_FILTER patches on the connection managers of a gateway (istio.md sections 1.7 and 1.12).

Two passes: one puts filters in and (since 1.19) takes them out, in the order of the patches; the
other goes filter by filter and merges. Which comes first is a matter of the release.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from clusters.pilot.documents import NotBuilt
from clusters.pilot.envoyfilter import installed, match, merge, names
from clusters.pilot.envoyfilter.ledger import Depth, Ledger, Place
from clusters.pilot.envoyfilter.value import build
from clusters.pilot.listeners import HCM, HCM_TYPE

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.envoyfilter.patching import Patching

HttpFilter = dict[str, Any]


def apply(
    listener: Mapping[str, Any],
    chain: Mapping[str, Any],
    network: dict[str, Any],
    where: str,
    patching: "Patching",
) -> None:
    """Patch the HTTP filters of a network filter in place, if it is a connection manager.

    Where a merge makes istiod panic, the connection manager stays as it is and
    merge.DescriptorMismatch is raised.
    """
    config = network.get("typed_config", {})
    if network.get("name") != HCM or config.get("@type") != HCM_TYPE:
        return
    reaching = [
        patch
        for patch in patching.family("HTTP_FILTER")
        if _reaches(patch, listener, chain, where, patching)
    ]
    if not reaching:
        return
    # istiod writes the whole manager back at the end: a panic loses what was done to it.
    own, notes = deepcopy(config), Ledger()
    _Manager(where, own, patching.behaviours, notes).patch(reaching)
    network["typed_config"] = own
    patching.ledger.absorb(notes)


def _reaches(
    patch: "Patch",
    listener: Mapping[str, Any],
    chain: Mapping[str, Any],
    where: str,
    patching: "Patching",
) -> bool:
    tests = (
        (Depth.LISTENER, match.listener(patch, listener)),
        (Depth.CHAIN, match.chain(patch, chain, where, patching.behaviours)),
        (Depth.NETWORK_FILTER, match.network_filter(patch, HCM, where, patching.behaviours)),
    )
    for depth, reason in tests:
        if reason:
            patching.ledger.failed(patch, depth, reason)
            return False
    return True


class _Manager:
    """The HTTP filters of one connection manager while patches work on them."""

    __slots__ = ("_behaviours", "_config", "_filters", "_ledger", "_names", "_place", "_where")

    def __init__(
        self, where: str, config: dict[str, Any], behaviours: "Behaviours", ledger: Ledger
    ) -> None:
        self._where = where
        self._place = Place("HTTP filter", where)
        self._config = config
        self._filters: list[HttpFilter] = config.get("http_filters", [])
        self._names = _names(self._filters)
        self._behaviours = behaviours
        self._ledger = ledger

    def patch(self, patches: Iterable["Patch"]) -> None:
        """Apply the patches that reach this manager, in their order."""
        patches = tuple(patches)
        if "inserts-run-before-merge" in self._behaviours:
            self._list_pass(patches)
            self._filter_pass(patches)
        else:
            self._filter_pass(patches)
            self._list_pass(patches)
        self._config["http_filters"] = self._filters
        self._ledger.settle(self._place, self._filters)

    def _list_pass(self, patches: Iterable["Patch"]) -> None:
        for patch in patches:
            if patch.operation == "REMOVE":
                if "remove-runs-in-patch-order" in self._behaviours:
                    self._remove_in_order(patch)
            elif patch.operation == "MERGE_AND_REPLACE_LIST":
                self._fail(
                    patch, "Istio ignores MERGE_AND_REPLACE_LIST on HTTP_FILTER; write MERGE"
                )
            elif patch.operation != "MERGE":
                self._put(patch)

    def _put(self, patch: "Patch") -> None:
        at = self._position(patch)
        if at is None:
            return
        made = build(patch.apply_to, patch.value)
        if patch.operation == "REPLACE":
            self._filters[at] = made
            self._names[at] = made.get("name", "")
        else:
            self._filters.insert(at, made)
            self._names.insert(at, made.get("name", ""))
        self._ledger.put(patch, self._place, made)

    def _position(self, patch: "Patch") -> int | None:
        """Return where a patch puts its filter, or None (and say why) where it does not."""
        operation = patch.operation
        if operation == "INSERT_FIRST" and "http-filter-insert-first" not in self._behaviours:
            self._fail(patch, "Istio 1.9 ignores INSERT_FIRST on HTTP_FILTER; write INSERT_BEFORE")
            return None
        if operation in ("ADD", "INSERT_FIRST"):
            return 0 if operation == "INSERT_FIRST" else len(self._filters)
        if patch.sub_filter_name is None:
            if operation == "REPLACE":
                self._fail(patch, "REPLACE without a subFilter is ignored; name the HTTP filter")
                return None
            return 0 if operation == "INSERT_BEFORE" else len(self._filters)
        at = self._first(patch)
        return at + 1 if at is not None and operation == "INSERT_AFTER" else at

    def _first(self, patch: "Patch") -> int | None:
        # Each patch looks for its place among all that went before: by names alone, which is quick.
        wanted = self._wanted(patch)
        found = [self._names.index(name) for name in wanted or () if name in self._names]
        if wanted is None and self._names:
            return 0
        if found:
            return min(found)
        reason = match.http_filter(patch, self._names, self._where, self._behaviours)
        elsewhere = reason and installed.elsewhere(patch.sub_filter_name or "", self._behaviours)
        if elsewhere:
            self._ledger.failed(patch, Depth.NOT_MADE_HERE, f"{reason}; {elsewhere}")
        else:
            left = f"no HTTP filter is left in {self._where}"
            self._ledger.failed(patch, Depth.HTTP_FILTER, reason or left)
        return None

    def _remove_in_order(self, patch: "Patch") -> None:
        if patch.sub_filter_name is None:
            text = "REMOVE without a subFilter is ignored since Istio 1.19; name the HTTP filter"
            self._fail(patch, text)
        elif self._first(patch) is not None:
            gone = [one for one in self._filters if self._matches(patch, one)]
            self._filters = [one for one in self._filters if not self._matches(patch, one)]
            self._names = _names(self._filters)
            self._ledger.removed(patch, self._where, [one.get("name", "") for one in gone])

    def _filter_pass(self, patches: Iterable["Patch"]) -> None:
        merging = [patch for patch in patches if self._works_on_filters(patch)]
        for patch in merging:
            self._first(patch)
        kept = []
        for one in self._filters:
            remover = self._merge_all(merging, one)
            if remover is None:
                kept.append(one)
            else:
                self._ledger.removed(remover, self._where, [one.get("name", "")])
        self._filters = kept
        self._names = _names(kept)

    def _works_on_filters(self, patch: "Patch") -> bool:
        if patch.operation != "REMOVE":
            return patch.operation == "MERGE"
        if "remove-runs-in-patch-order" in self._behaviours:
            return False
        if "http-filter-remove-defect" in self._behaviours:
            raise NotBuilt(
                f"{patch}: Istio 1.13.0 to 1.13.2 remove other HTTP filters too "
                "(istio/istio#37961), which is not built; Hint: --istio=1.13"
            )
        if patch.sub_filter_name is not None:
            return True
        return "remove-without-subfilter-removes-all" in self._behaviours

    def _merge_all(self, patches: Iterable["Patch"], one: HttpFilter) -> "Patch | None":
        """Merge every matching patch into a filter; return the patch that removes it, if any."""
        for patch in patches:
            if not self._matches(patch, one):
                continue
            if patch.operation == "REMOVE":
                return patch
            self._merge(patch, one)
        return None

    def _merge(self, patch: "Patch", one: HttpFilter) -> None:
        if "typed_config" not in one:
            text = f"HTTP filter `{one.get('name', '')}` has no typed_config to merge into"
            self._fail(patch, f"{text}; it comes by config_discovery: change its EXTENSION_CONFIG")
            return
        value = build(patch.apply_to, patch.value)
        name, before = one.get("name", ""), dict(one)
        merged = None
        if "typed_config" in value:
            merged = merge.merge_any(one["typed_config"], value["typed_config"], self._behaviours)
        if value.get("name"):
            one["name"] = self._renamed(value["name"])
        if merged is not None:
            one["typed_config"] = merged
        elif "typed_config" in value:
            self._fail(patch, f"its typed_config cannot be read as that of HTTP filter `{name}`")
            return
        if one == before:
            self._fail(patch, f"its value changes nothing in HTTP filter `{name}`")
            return
        self._ledger.merged(patch, self._where, name)

    def _renamed(self, name: str) -> str:
        if "deprecated-filter-names-match" in self._behaviours:
            return names.canonical(name, names.HTTP)
        return name

    def _matches(self, patch: "Patch", one: HttpFilter) -> bool:
        wanted = self._wanted(patch)
        return wanted is None or one.get("name", "") in wanted

    def _wanted(self, patch: "Patch") -> tuple[str, ...] | None:
        """Return the names of filters that a patch means, None where any is."""
        wanted = patch.sub_filter_name
        return None if wanted is None else match.meant(wanted, names.HTTP, self._behaviours)

    def _fail(self, patch: "Patch", reason: str) -> None:
        self._ledger.failed(patch, Depth.OPERATION, f"{reason} ({self._where})")


def _names(filters: Iterable[HttpFilter]) -> list[str]:
    return [one.get("name", "") for one in filters]
