"""Finding what a request is about: one object, or those that its selectors choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clusters.local.apiserver import selectors
from clusters.local.apiserver.statuses import ApiError
from clusters.local.apiserver.store import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clusters.local.apiserver.paths import Target
    from clusters.local.apiserver.requests import Request
    from clusters.local.apiserver.resources import Resource
    from clusters.local.apiserver.store import Object, Store


def key(target: Target) -> Key:
    """Return the key of the object that a target names."""
    return Key(target.resource, target.namespace, target.name)


def present(store: Store, target: Target) -> Object:
    """Return the object that a target names; raises ApiError (404) where there is none."""
    found = store.get(key(target))
    if found is None:
        raise not_found(target.resource, target.name)
    return found


def not_found(resource: Resource, name: str) -> ApiError:
    """Return the refusal for an object that is not there."""
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return ApiError(404, f'{resource.name} "{name}" not found', details=details)


def selection(request: Request, target: Target) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether an object is among those that a request chooses by name, label and field."""
    by_label = selectors.labels(request.query.get("labelSelector", ""))
    by_field = selectors.fields(request.query.get("fieldSelector", ""))
    name = target.name
    return lambda thing: (
        (not name or thing["metadata"]["name"] == name) and by_label(thing) and by_field(thing)
    )
