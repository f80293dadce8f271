"""What became of each patch: collected while patches are applied, read as one Outcome each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Outcome, Patch


class Depth(IntEnum):
    """How far a patch came before a condition failed; the farthest reason is the one to show."""

    SELECTION = 0
    PROXY = 1
    CONTEXT = 2
    NO_LISTENER = 3
    LISTENER = 4
    CHAIN = 5
    NETWORK_FILTER = 6
    HTTP_FILTER = 7
    OPERATION = 8
    UNDONE = 9


@dataclass(slots=True)
class _Entry:
    done: dict[str, list[str]] = field(default_factory=dict)
    put: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    depth: int = -1
    reason: str = ""


class Ledger:
    """Notes of what was done with each patch, by listener."""

    def __init__(self) -> None:
        self._entries: dict[Patch, _Entry] = {}
        self._final: dict[str, list[Mapping[str, Any]]] = {}

    def failed(self, patch: "Patch", depth: Depth, reason: str) -> None:
        """Note the condition that failed; of several the one that came farthest counts."""
        entry = self._entry(patch)
        if depth > entry.depth:
            entry.depth, entry.reason = depth, reason

    def put(self, patch: "Patch", where: str, http_filter: Mapping[str, Any]) -> None:
        """Note that a patch put a filter into a listener."""
        self._entry(patch).put.append((where, http_filter))

    def removed(self, patch: "Patch", where: str, names: Iterable[str]) -> None:
        """Note that a patch took filters out of a listener."""
        self._did(patch, where, f"removed {', '.join(names)}")

    def merged(self, patch: "Patch", where: str, name: str) -> None:
        """Note that a patch was merged into a filter of a listener."""
        self._did(patch, where, f"merged into {name}")

    def settle(self, where: str, http_filters: Sequence[Mapping[str, Any]]) -> None:
        """Note the HTTP filters that a listener has in the end."""
        self._final.setdefault(where, []).extend(http_filters)

    def abandon(self, listener: str) -> None:
        """Forget what was done to a listener whose patching was given up."""
        where = f"listener {listener}"
        self._final.pop(where, None)
        for entry in self._entries.values():
            entry.done.pop(where, None)
            entry.put = [one for one in entry.put if one[0] != where]

    def panicked(self, patches: Iterable["Patch"], text: str) -> None:
        """Note why the patches that took effect nowhere did not."""
        for patch in patches:
            self.failed(
                patch, Depth.UNDONE, f"istiod gave up patching listeners after a merge: {text}"
            )

    def outcome(self, patch: "Patch") -> "Outcome":
        """Return what became of a patch."""
        entry = self._entry(patch)
        done = {where: ", ".join(dict.fromkeys(did)) for where, did in entry.done.items()}
        for where, http_filter in entry.put:
            place = self._place(where, http_filter)
            if place:
                done[where] = place
            else:
                undone = f"what it put into {where} was removed or replaced by a later patch"
                self.failed(patch, Depth.UNDONE, undone)
        if done:
            return patch.outcome(
                True, "; ".join(f"{did} in {where}" for where, did in done.items())
            )
        return patch.outcome(False, entry.reason or "an earlier patch removed what it matches")

    def _place(self, where: str, http_filter: Mapping[str, Any]) -> str:
        filters = self._final.get(where, [])
        names = [one.get("name", "") for one in filters]
        for index, one in enumerate(filters):
            if one is http_filter:
                return f"is HTTP filter {index + 1} of {len(filters)} ({', '.join(names)})"
        return ""

    def _did(self, patch: "Patch", where: str, what: str) -> None:
        self._entry(patch).done.setdefault(where, []).append(what)

    def _entry(self, patch: "Patch") -> _Entry:
        return self._entries.setdefault(patch, _Entry())
