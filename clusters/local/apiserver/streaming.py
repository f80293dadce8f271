"""The lines of a watch, written as they happen until the reader goes, the time ends or the run."""

from __future__ import annotations

import json
import select
import time
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver import representation
from clusters.local.apiserver.watches import Event

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from clusters.local.apiserver.reading import Watch
    from clusters.local.apiserver.store import Store

BOOKMARK_SECONDS = 60.0
"""How often a watch that takes bookmarks is told the version it has reached."""


def stream(
    watch: Watch,
    store: Store,
    client: socket.socket,
    begin: Callable[[], None],
    write: Callable[[bytes], None],
) -> None:
    """Serve one watch; returns when it is over, for whatever reason.

    `begin` sends the head of the answer, once nothing can be refused any more. Raises ApiError
    before that where the version to begin at is gone.
    """
    subscription = watch.subscription
    try:
        present, version = store.subscribe(subscription, watch.since)
        begin()
        try:
            _serve(watch, present, version, client, write)
        finally:
            store.unsubscribe(subscription)
    finally:
        subscription.close()


def _serve(
    watch: Watch,
    present: list[dict[str, Any]],
    version: int,
    client: socket.socket,
    write: Callable[[bytes], None],
) -> None:
    subscription = watch.subscription
    if watch.since is None:
        first = [Event("ADDED", thing) for thing in present if subscription.selects(thing)]
        lines = [_line(event, watch) for event in first]
        if watch.initial and watch.bookmarks:
            lines.append(_bookmark(watch, version, {"k8s.io/initial-events-end": "true"}))
        if lines:
            write(b"".join(lines))
    end = time.monotonic() + watch.seconds if watch.seconds else None
    ready = select.poll()  # select() itself knows only descriptors below 1024
    for one in (client, subscription.wake):
        ready.register(one, select.POLLIN)
    while not subscription.ended:
        patience = (
            BOOKMARK_SECONDS if end is None else min(BOOKMARK_SECONDS, end - time.monotonic())
        )
        if patience <= 0:
            return
        readable = {end for end, _ in ready.poll(patience * 1000)}
        # A client says nothing more while it watches: what can be read is its end.
        if client.fileno() in readable:
            return
        lines = [_line(event, watch) for event in subscription.events()]
        version = max(version, subscription.version)
        if not readable and watch.bookmarks:
            lines.append(_bookmark(watch, version, None))
        if lines:
            write(b"".join(lines))


def _line(event: Event, watch: Watch) -> bytes:
    shown = representation.one(event.object, watch.target, watch.form)
    return json.dumps({"type": event.type, "object": shown}, separators=(",", ":")).encode() + b"\n"


def _bookmark(watch: Watch, version: int, annotations: dict[str, str] | None) -> bytes:
    metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return _line(Event("BOOKMARK", {"metadata": metadata}), watch)
