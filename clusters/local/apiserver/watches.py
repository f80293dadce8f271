"""One open watch: which changes concern it, and how they are told."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clusters.local.apiserver.resources import Resource
    from clusters.local.apiserver.store import Change, Object

MOST_WAITING = 10_000
"""Changes that may wait for a slow reader; then its watch ends and it has to list again."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a watch: ADDED, MODIFIED, DELETED or BOOKMARK, and the object."""

    type: str
    object: Object


class Subscription:
    """The changes of one watch, in order; readable on `wake` when there is something to take."""

    def __init__(
        self, resource: Resource, namespace: str, selects: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.selects = selects
        self.ended = False
        self.version = 0
        self._waiting: deque[Change] = deque()
        self.wake, self._waker = socket.socketpair()
        self.wake.setblocking(False)
        self._waker.setblocking(False)

    def take(self, change: Change) -> None:
        """Queue a change if it concerns this watch."""
        if change.key.resource is not self.resource:
            return
        if self.namespace not in ("", change.key.namespace):
            return
        if len(self._waiting) >= MOST_WAITING:
            self.end()
            return
        self._waiting.append(change)
        self._signal()

    def end(self) -> None:
        """Let the watch end; what was queued is lost."""
        self.ended = True
        self._signal()

    def _signal(self) -> None:
        with contextlib.suppress(BlockingIOError):  # then it is readable already
            self._waker.send(b"\0")

    def events(self) -> list[Event]:
        """Return what happened since the last call, as this watch sees it."""
        with contextlib.suppress(BlockingIOError):
            self.wake.recv(4096)
        found = []
        while self._waiting:
            change = self._waiting.popleft()
            self.version = change.version
            event = self._event(change)
            if event:
                found.append(event)
        return found

    def _event(self, change: Change) -> Event | None:
        before = change.before if change.before and self.selects(change.before) else None
        after = change.after if change.after and self.selects(change.after) else None
        if after:
            return Event("MODIFIED" if before else "ADDED", after)
        if before:
            metadata = before["metadata"] | {"resourceVersion": str(change.version)}
            return Event("DELETED", before | {"metadata": metadata})
        return None

    def close(self) -> None:
        """Free what the subscription holds open."""
        self.wake.close()
        self._waker.close()
