"""What a write makes of an object: identity, generation and ownership, as pure functions.

Finalizers are not honoured: nothing here has to be cleaned up before an object may go.
"""

from __future__ import annotations

import random
import re
import string
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver import ownedfields, serverapply
from clusters.local.apiserver.ownedfields import Claim
from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from clusters.local.apiserver.paths import Target

Object = dict[str, Any]

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_KEPT = ("uid", "creationTimestamp", "generation", "resourceVersion", "managedFields")


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: its field manager's name, to what, and whether it takes fields from others."""

    manager: str
    target: Target
    force: bool = False

    def claim(self, operation: str) -> Claim:
        """Return an empty claim of this author, dated now."""
        now = _now()
        return Claim(
            manager=self.manager,
            operation=operation,
            api_version=self.target.api_version,
            subresource=self.target.subresource,
            time=now,
            paths=frozenset(),
        )


def _now() -> str:
    return datetime.now(UTC).strftime(_TIME)


class _Births:
    """Gives no two objects the same time of creation, which has no fractions of a second.

    istiod orders documents by it. So those that are applied in one second keep their order too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = datetime.fromtimestamp(0, UTC)

    def next(self) -> str:
        with self._lock:
            self._last = max(datetime.now(UTC), self._last + timedelta(seconds=1))
            return self._last.strftime(_TIME)


_births = _Births()


def checked(body: Any, target: Target, name: str) -> Object:
    """Return the body of a write as the object it must be: right kind, name and namespace.

    Raises ApiError: 400 for another object than the path names, 422 for a bad name.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "the request's body is no object")
    resource = target.resource
    for field, wanted in (("apiVersion", target.api_version), ("kind", resource.kind)):
        # A patch of a part of an object need not say what it is.
        if body.get(field) != wanted:
            raise ApiError(
                400, f"the {field} in the data ({body.get(field)}) does not match {wanted}"
            )
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        raise ApiError(400, f"this {resource.kind} has no metadata")
    for field in ("labels", "annotations"):
        pairs = metadata.get(field) or {}
        if not isinstance(pairs, dict) or not all(isinstance(one, str) for one in pairs.values()):
            raise ApiError(400, f"metadata.{field} must map text to text")
    namespace = metadata.get("namespace") or target.namespace
    if resource.namespaced and namespace != target.namespace:
        raise ApiError(
            400,
            "the namespace of the provided object does not match the namespace sent on the "
            f"request ({namespace} != {target.namespace})",
        )
    prefix = metadata.get("generateName")
    own = metadata.get("name") or name or (f"{prefix}{_suffix()}" if prefix else "")
    if name and own != name:
        raise ApiError(
            400,
            f"the name of the object ({own}) does not match the name on the URL ({name})",
        )
    if not isinstance(own, str) or not _NAME.fullmatch(own) or len(own) > 253:
        why = "name or generateName is required" if not own else "a lowercase RFC 1123 subdomain"
        raise ApiError(
            422,
            f'{resource.kind}.{resource.group} "{own}" is invalid: metadata.name: '
            f"Invalid value: {own!r}: {why}",
        )
    scope = {"namespace": target.namespace} if resource.namespaced else {}
    return body | {"metadata": metadata | {"name": own} | scope}


def _suffix() -> str:
    return "".join(random.choices(string.ascii_lowercase + string.digits, k=5))


def created(body: Object, author: Author, operation: str = "Update") -> Object:
    """Return a new object: uid, time and generation given, the author owning every field."""
    if author.target.resource.custom:
        body = {name: value for name, value in body.items() if name != "status"}
    metadata = {name: value for name, value in body["metadata"].items() if name not in _KEPT}
    identity = {"uid": str(uuid.uuid4()), "creationTimestamp": _births.next()}
    if author.target.resource.custom:
        identity |= {"generation": 1}  # type: ignore[dict-item]
    made = body | {"metadata": metadata | identity}
    by = author.claim(operation)
    return _owned(made, ownedfields.claimed((), by, lambda _: frozenset(ownedfields.leaves(made))))


def _owned(thing: Object, held: tuple[Claim, ...]) -> Object:
    return thing | {
        "metadata": thing["metadata"] | {"managedFields": ownedfields.managed_fields(held)}
    }


def replaced(before: Object, body: Object, author: Author) -> Object:
    """Return an object with its new content; only the changed fields become the author's.

    Raises ApiError (409) for another resourceVersion or uid than the present ones.
    """
    _check_version(before, body, author.target)
    after = _scoped(before, body, author.target)
    if _content(after) == _content(before):
        return before
    held = ownedfields.after_update(
        ownedfields.claims(before), author.claim("Update"), before, after
    )
    return _owned(_counted(before, after, author.target), held)


def applied(before: Object, wish: Object, author: Author) -> Object:
    """Return an object with a server-side apply merged in; raises ApiError on conflicts (409)."""
    _check_version(before, wish, author.target)
    if author.target.subresource:
        wish = {"metadata": {}, "status": wish.get("status", {})}
    elif author.target.resource.custom:
        wish = {name: value for name, value in wish.items() if name != "status"}
    by = author.claim("Apply")
    merged, held = serverapply.applied(before, wish, by, force=author.force)
    after = _scoped(before, merged, author.target)
    if _content(after) == _content(before) and held == ownedfields.claims(before):
        return before
    return _owned(_counted(before, after, author.target), held)


def _check_version(before: Object, body: Object, target: Target) -> None:
    seen, present = body["metadata"], before["metadata"]
    for field in ("resourceVersion", "uid"):
        if seen.get(field) and seen[field] != present[field]:
            name = present["name"]
            raise ApiError(
                409,
                f'Operation cannot be fulfilled on {target.resource.name} "{name}": '
                "the object has been modified; please apply your changes to the latest version "
                f"and try again ({field} is {present[field]}, not {seen[field]})",
                details={"name": name, "group": target.resource.group},
            )


def _scoped(before: Object, after: Object, target: Target) -> Object:
    """Return the part of a write that counts: status alone, or all but the status."""
    present = before["metadata"]
    fixed = {name: present[name] for name in _KEPT if name in present}
    if target.subresource:
        status = {"status": after["status"]} if "status" in after else {}
        return {name: value for name, value in before.items() if name != "status"} | status
    scoped = after | {"metadata": after["metadata"] | fixed}
    if target.resource.custom:
        scoped.pop("status", None)
        scoped |= {"status": before["status"]} if "status" in before else {}
    return scoped


def _content(thing: Object) -> Object:
    metadata = {name: value for name, value in thing["metadata"].items() if name not in _KEPT}
    return {k: v for k, v in thing.items() if k != "apiVersion"} | {"metadata": metadata}


def _counted(before: Object, after: Object, target: Target) -> Object:
    """Return the object with its generation raised where more than status and metadata changed."""
    if not target.resource.custom:
        return after
    mute = ("apiVersion", "metadata", "status")
    old, new = (
        {name: value for name, value in one.items() if name not in mute} for one in (before, after)
    )
    generation = before["metadata"]["generation"] + (old != new)
    return after | {"metadata": after["metadata"] | {"generation": generation}}
