"""What became of each patch: collected while patches are applied, read as one Outcome each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Outcome, Patch


#: The HTTP filter that must be the last: it ends the chain.
ROUTER = "envoy.filters.http.router"


class Depth(IntEnum):
    """How far a patch came before a condition failed; the farthest reason is the one to show."""

    SELECTION = 0
    PROXY = 1
    CONTEXT = 2
    NO_LISTENER = NO_ROUTES = 3
    LISTENER = ROUTE_CONFIGURATION = CLUSTER = 4
    CHAIN = VIRTUAL_HOST = 5
    NETWORK_FILTER = ROUTE = LISTENER_FILTER = 6
    HTTP_FILTER = 7
    NOT_MADE_HERE = 8
    OPERATION = 9
    UNDONE = 10


@dataclass(frozen=True, slots=True)
class Place:
    """A list that patches put things into: of what, and in which resource."""

    what: str
    where: str


class _Settled:
    """What a list holds in the end, worked out once for all who put something into it."""

    __slots__ = ("_at", "names", "router", "size")

    def __init__(self, items: Sequence[Mapping[str, Any]]) -> None:
        names = [item.get("name", "") for item in items]
        self._at = {id(item): at for at, item in reversed(list(enumerate(items)))}
        self.names = ", ".join(name or "(no name)" for name in names)
        self.router = names.index(ROUTER) if ROUTER in names else len(names)
        self.size = len(names)

    def place_of(self, one: Mapping[str, Any]) -> int | None:
        """Return the index of the very object that was put, None where it is no more."""
        return self._at.get(id(one))


@dataclass(slots=True)
class _Entry:
    done: dict[str, list[str]] = field(default_factory=dict)
    put: list[tuple["Place", Mapping[str, Any]]] = field(default_factory=list)
    depth: int = -1
    reason: str = ""


class Ledger:
    """Notes of what was done with each patch, by the resource it was done to."""

    def __init__(self) -> None:
        self._entries: dict[Patch, _Entry] = {}
        self._final: dict[Place, list[Sequence[Mapping[str, Any]]]] = {}
        self._settled: dict[Place, list[_Settled]] = {}

    def failed(self, patch: "Patch", depth: Depth, reason: str) -> None:
        """Note the condition that failed; of several the one that came farthest counts."""
        entry = self._entry(patch)
        if depth > entry.depth:
            entry.depth, entry.reason = depth, reason

    def put(self, patch: "Patch", place: Place, one: Mapping[str, Any]) -> None:
        """Note that a patch put something into a list."""
        self._entry(patch).put.append((place, one))

    def removed(self, patch: "Patch", where: str, names: Iterable[str]) -> None:
        """Note that a patch took parts out of a resource."""
        self.did(patch, where, f"removed {', '.join(names)}")

    def merged(self, patch: "Patch", where: str, name: str) -> None:
        """Note that a patch was merged into a part of a resource."""
        self.did(patch, where, f"merged into {name}")

    def did(self, patch: "Patch", where: str, what: str) -> None:
        """Note in words what a patch did to a resource."""
        self._entry(patch).done.setdefault(where, []).append(what)

    def settle(self, place: Place, items: Sequence[Mapping[str, Any]]) -> None:
        """Note what a list holds in the end."""
        self._final.setdefault(place, []).append(items)

    def absorb(self, other: "Ledger") -> None:
        """Take over the notes of work that came to its end."""
        for patch, entry in other._entries.items():
            own = self._entry(patch)
            for where, did in entry.done.items():
                own.done.setdefault(where, []).extend(did)
            own.put += entry.put
            if entry.reason:
                self.failed(patch, Depth(entry.depth), entry.reason)
        for place, lists in other._final.items():
            self._final.setdefault(place, []).extend(lists)

    def panicked(self, patches: Iterable["Patch"], what: str, text: str) -> None:
        """Note why the patches that took effect nowhere did not: istiod gave up patching `what`."""
        for patch in patches:
            self.failed(
                patch, Depth.UNDONE, f"istiod gave up patching {what} after a merge: {text}"
            )

    def outcome(self, patch: "Patch") -> "Outcome":
        """Return what became of a patch."""
        entry = self._entry(patch)
        done = {where: ", ".join(dict.fromkeys(did)) for where, did in entry.done.items()}
        for place, one in entry.put:
            there, at = self._found(place, one)
            if there is None:
                undone = f"what it put into {place.where} was removed or replaced by a later patch"
                self.failed(patch, Depth.UNDONE, undone)
            elif at > there.router:
                behind = f"its filter stands behind {ROUTER} in {place.where}, and Envoy refuses "
                self.failed(patch, Depth.UNDONE, f"{behind}the listener; write INSERT_BEFORE")
            else:
                done[place.where] = f"is {place.what} {at + 1} of {there.size} ({there.names})"
        if done:
            return patch.outcome(True, _told(done))
        reason = entry.reason or "an earlier patch removed what it matches"
        untold = entry.depth == Depth.NOT_MADE_HERE
        return patch.outcome(False, reason, entry.depth, untold=untold)

    def _found(self, place: Place, one: Mapping[str, Any]) -> tuple[_Settled | None, int]:
        """Return the list that holds what a patch put there, and its index; None for none."""
        lists = self._final.get(place, ())
        settled = self._settled.setdefault(place, [])
        settled += [_Settled(items) for items in lists[len(settled) :]]
        for there in settled:
            at = there.place_of(one)
            if at is not None:
                return there, at
        return None, -1

    def _entry(self, patch: "Patch") -> _Entry:
        return self._entries.setdefault(patch, _Entry())


def _told(done: Mapping[str, str]) -> str:
    """Return what was done where, places of which the same is to be said together."""
    places: dict[str, list[str]] = {}
    for where, did in done.items():
        places.setdefault(did, []).append(where)
    return "; ".join(f"{did} in {', '.join(where)}" for did, where in places.items())
