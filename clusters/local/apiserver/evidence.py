"""What others wrote into the server: istiod's status, events, leases and configmaps."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.local.apiserver.paths import Target


@dataclass(frozen=True, slots=True)
class Written:
    """What one manager did to one object, how often, and what it left there the last time.

    `thing` is None once deleted.
    """

    manager: str
    verb: str
    kind: str
    namespace: str
    name: str
    subresource: str
    times: int
    thing: dict[str, Any] | None


class Writings:
    """The writes so far, one entry for each manager, verb and object, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, ...], Written] = {}

    def note(
        self, manager: str, verb: str, target: Target, name: str, thing: dict[str, Any] | None
    ) -> None:
        """Keep one write."""
        key = (
            manager,
            verb,
            target.resource.kind,
            target.namespace,
            name,
            target.subresource,
        )
        with self._lock:
            times = self._entries[key].times + 1 if key in self._entries else 1
            self._entries[key] = Written(*key, times=times, thing=thing)

    def by_others(self, ours: str) -> tuple[Written, ...]:
        """Return what managers other than `ours` wrote."""
        with self._lock:
            return tuple(one for one in self._entries.values() if one.manager != ours)
