"""Reading: one object, a list in pages, or a watch to be opened."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters.local.apiserver import lookups, representation
from clusters.local.apiserver.requests import Answer, Request
from clusters.local.apiserver.statuses import ApiError
from clusters.local.apiserver.watches import Subscription

if TYPE_CHECKING:
    from clusters.local.apiserver.paths import Target
    from clusters.local.apiserver.store import Object, Store


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch that a client asked for, before it is opened."""

    subscription: Subscription
    target: Target
    form: str
    since: int | None
    initial: bool
    bookmarks: bool
    seconds: int | None


def read(store: Store, request: Request, target: Target) -> Answer | Watch:
    """Return an object or a list of them, or the watch that a request asks for."""
    form = representation.wanted(request.headers.get("accept", ""))
    if request.flag("watch"):
        return _watch(request, target, form)
    if target.name:
        found = lookups.present(store, target)
        return Answer(200, representation.one(found, target, form))
    held, version = store.listed(target.resource, target.namespace)
    selects = lookups.selection(request, target)
    page, rest = _page([thing for thing in held if selects(thing)], request)
    metadata: Object = {"resourceVersion": str(version)}
    if rest:
        metadata |= {"continue": _token(page[-1]), "remainingItemCount": rest}
    return Answer(200, representation.many(page, target, form, metadata))


def _watch(request: Request, target: Target, form: str) -> Watch:
    since = request.number("resourceVersion")
    initial = request.flag("sendInitialEvents")
    if initial and request.query.get("resourceVersionMatch") != "NotOlderThan":
        raise ApiError(
            422, "sendInitialEvents is only allowed with resourceVersionMatch=NotOlderThan"
        )
    # From no version, or from 0, a watch begins with what is there.
    return Watch(
        Subscription(target.resource, target.namespace, lookups.selection(request, target)),
        target,
        form,
        since=None if initial or not since else since,
        initial=initial,
        bookmarks=request.flag("allowWatchBookmarks"),
        seconds=request.number("timeoutSeconds"),
    )


def _page(found: list[Object], request: Request) -> tuple[list[Object], int]:
    """Return the objects of one page, and how many are left after it."""
    if request.query.get("continue"):
        last = _last_seen(request.query["continue"])
        found = [thing for thing in found if _place(thing) > last]
    limit = request.number("limit") or len(found)
    return found[:limit], len(found[limit:])


def _place(thing: Object) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _token(thing: Object) -> str:
    return base64.urlsafe_b64encode(json.dumps(_place(thing)).encode()).decode()


def _last_seen(token: str) -> tuple[str, str]:
    try:
        namespace, name = json.loads(base64.urlsafe_b64decode(token))
        return str(namespace), str(name)
    except (binascii.Error, ValueError, TypeError) as error:
        raise ApiError(400, f"continue key is not valid: {error}") from error
