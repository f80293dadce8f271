"""What the server holds: objects by name, every change numbered, and who is told of it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusters.local.apiserver.resources import Resource
    from clusters.local.apiserver.watches import Subscription

HISTORY = 10_000
"""How many changes a watch may have missed before it has to list again."""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """The one name of an object; `namespace` is "" for those of the whole cluster."""

    resource: Resource
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One write: what was there before (None: nothing) and after (None: deleted)."""

    version: int
    key: Key
    before: Object | None
    after: Object | None


class Store:
    """Objects, which are never altered in place, and the numbered changes that led to them."""

    def __init__(self, *, history: int = HISTORY) -> None:
        self._lock = threading.RLock()
        self._objects: dict[Key, Object] = {}
        self._version = 1
        self._changes: deque[Change] = deque(maxlen=history)
        self._subscriptions: list[Subscription] = []

    def get(self, key: Key) -> Object | None:
        """Return an object, None where there is none."""
        return self._objects.get(key)

    def listed(self, resource: Resource, namespace: str = "") -> tuple[list[Object], int]:
        """Return the objects of a resource, by namespace and name, and the version seen."""
        with self._lock:
            return list(self._of(resource, namespace)), self._version

    def objects(self) -> list[Object]:
        """Return everything that is held."""
        with self._lock:
            return list(self._objects.values())

    def _of(self, resource: Resource, namespace: str) -> Iterator[Object]:
        found = (
            key
            for key in self._objects
            if key.resource is resource and namespace in ("", key.namespace)
        )
        for key in sorted(found, key=lambda key: (key.namespace, key.name)):
            yield self._objects[key]

    def change(self, key: Key, change: Callable[[Object | None], Object | None]) -> Object | None:
        """Return the object that `change` makes of the present one, stored under a new version.

        `change` answers None to delete; whatever it raises leaves the store as it was. One that
        answers an equal object changes nothing and keeps the version.
        """
        with self._lock:
            before = self._objects.get(key)
            after = change(before)
            if after == before:
                return before
            self._version += 1
            if after is None:
                assert before is not None
                del self._objects[key]
            else:
                after = after | {
                    "metadata": after["metadata"] | {"resourceVersion": str(self._version)}
                }
                self._objects[key] = after
            made = Change(self._version, key, before, after)
            self._changes.append(made)
            for subscription in self._subscriptions:
                subscription.take(made)
            return after

    def subscribe(self, subscription: Subscription, since: int | None) -> tuple[list[Object], int]:
        """Let a subscription take every change from `since` on; returns objects and version now.

        Without `since` it takes what comes from now on. Raises ApiError: 410 where changes after
        `since` are forgotten already, 504 where `since` lies in the future.
        """
        with self._lock:
            if since is not None:
                self._replay(subscription, since)
            self._subscriptions.append(subscription)
            return list(self._of(subscription.resource, subscription.namespace)), self._version

    def _replay(self, subscription: Subscription, since: int) -> None:
        if since > self._version:
            raise ApiError(504, f"Too large resource version: {since}, current: {self._version}")
        oldest = self._changes[0].version if self._changes else self._version + 1
        if since < oldest - 1:
            raise ApiError(410, f"too old resource version: {since} ({oldest - 1})")
        for change in self._changes:
            if change.version > since:
                subscription.take(change)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Tell a subscription nothing any more."""
        with self._lock:
            self._subscriptions.remove(subscription)
