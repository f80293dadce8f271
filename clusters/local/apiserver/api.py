"""The API itself: a request in, an answer or a watch out; it knows no sockets."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver import (
    bodies,
    discovery,
    patches,
    paths,
    representation,
    selectors,
    writes,
)
from clusters.local.apiserver.definitions import definition
from clusters.local.apiserver.evidence import Writings
from clusters.local.apiserver.requests import Answer, Request
from clusters.local.apiserver.resources import CRDS, KUBERNETES, NAMESPACES
from clusters.local.apiserver.statuses import ApiError, success
from clusters.local.apiserver.store import Key, Store
from clusters.local.apiserver.watches import Subscription
from clusters.local.apiserver.writes import Author

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clusters.local.apiserver.paths import Target
    from clusters.local.apiserver.resources import Resource

    Object = dict[str, Any]
    Admission = Callable[[Object], tuple[str, ...]]
    """Warnings about a document of an Istio kind; raises ApiError to refuse it."""


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


class Api:
    """Objects of the kinds known, checked by `admission` where they are Istio's."""

    def __init__(self, kinds: Sequence[Resource], namespaces: Sequence[str], admission: Admission):
        self.known = (*KUBERNETES, *kinds)
        self.store = Store()
        self.writings = Writings()
        self._admission = admission
        for name in namespaces:
            self._seed(
                NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )
        for kind in kinds:
            self._seed(CRDS, definition(kind))

    def _seed(self, resource: Resource, thing: Object) -> None:
        target = paths.Target(resource, resource.versions[0], "", "", "")
        made = writes.created(thing, Author("apiserver", target))
        self.store.change(Key(resource, "", thing["metadata"]["name"]), lambda _: made)

    def answer(self, request: Request) -> Answer | Watch:
        """Return what a request is answered with; raises ApiError for what is refused."""
        if request.method in ("GET", "HEAD"):
            found = discovery.document(request.path, self.known)
            if found is not None:
                return Answer(200, found)
        target = paths.parse(request.path, self.known)
        match request.method, bool(target.name):
            case (("GET" | "HEAD"), True):
                return self._get(request, target)
            case (("GET" | "HEAD"), False):
                return self._list_or_watch(request, target)
            case "POST", False:
                return self._create(request, target)
            case "PUT", True:
                return self._replace(request, target)
            case "PATCH", True:
                return self._patch(request, target)
            case "DELETE", True if not target.subresource:
                return self._delete(request, target)
            case "DELETE", False:
                return self._delete_collection(request, target)
        raise ApiError(405, "the server does not allow this method on the requested resource")

    def _get(self, request: Request, target: Target) -> Answer | Watch:
        if request.flag("watch"):
            return self._watch(request, target)
        form = representation.wanted(request.headers.get("accept", ""))
        return Answer(200, representation.one(self._present(target), target, form))

    def _present(self, target: Target) -> Object:
        found = self.store.get(_key(target))
        if found is None:
            raise _not_found(target.resource, target.name)
        return found

    def _list_or_watch(self, request: Request, target: Target) -> Answer | Watch:
        if request.flag("watch"):
            return self._watch(request, target)
        form = representation.wanted(request.headers.get("accept", ""))
        found, version = self.store.listed(target.resource, target.namespace)
        selects = _selection(request, target)
        found = [thing for thing in found if selects(thing)]
        metadata: Object = {"resourceVersion": str(version)}
        page, rest = _page(found, request)
        if rest:
            metadata |= {"continue": _token(page[-1]), "remainingItemCount": rest}
        return Answer(200, representation.many(page, target, form, metadata))

    def _watch(self, request: Request, target: Target) -> Watch:
        form = representation.wanted(request.headers.get("accept", ""))
        since = request.number("resourceVersion")
        initial = request.flag("sendInitialEvents")
        if initial and request.query.get("resourceVersionMatch") != "NotOlderThan":
            raise ApiError(
                422, "sendInitialEvents is only allowed with resourceVersionMatch=NotOlderThan"
            )
        # From no version, or from 0, a watch begins with what is there.
        return Watch(
            Subscription(target.resource, target.namespace, _selection(request, target)),
            target,
            form,
            since=None if initial or not since else since,
            initial=initial,
            bookmarks=request.flag("allowWatchBookmarks"),
            seconds=request.number("timeoutSeconds"),
        )

    def _create(self, request: Request, target: Target) -> Answer:
        body = bodies.read(request, (bodies.JSON, bodies.YAML))
        self._check_namespace(target)
        wish = writes.checked(body, target, "")
        named = replace(target, name=wish["metadata"]["name"])
        warnings: list[str] = []

        def make(before: Object | None) -> Object:
            if before is not None:
                raise ApiError(
                    409,
                    f'{target.resource.name} "{named.name}" already exists',
                    reason="AlreadyExists",
                )
            return self._admitted(writes.created(wish, _author(request, named)), named, warnings)

        return self._write(request, named, "create", make, warnings, code=201)

    def _replace(self, request: Request, target: Target) -> Answer:
        body = bodies.read(request, (bodies.JSON, bodies.YAML))
        wish = writes.checked(body, target, target.name)
        warnings: list[str] = []

        def make(before: Object | None) -> Object:
            if before is None:
                raise _not_found(target.resource, target.name)
            after = writes.replaced(before, wish, _author(request, target))
            return self._admitted(after, target, warnings)

        return self._write(request, target, "update", make, warnings)

    def _patch(self, request: Request, target: Target) -> Answer:
        body = bodies.read(request, bodies.PATCHES)
        if request.content_type == bodies.APPLY:
            return self._apply(request, target, body)
        # Istio's kinds know no strategic merge; for the rest a merge patch is close enough.
        if request.content_type == bodies.STRATEGIC and target.resource.custom:
            raise ApiError(
                415,
                "the body of the request was in an unknown format - accepted media types include: "
                f"{bodies.JSON_PATCH}, {bodies.MERGE_PATCH}, {bodies.APPLY}",
            )
        turn = patches.patched if request.content_type == bodies.JSON_PATCH else patches.merged
        warnings: list[str] = []

        def make(before: Object | None) -> Object:
            if before is None:
                raise _not_found(target.resource, target.name)
            present = representation.one(before, target, "")
            wish = writes.checked(turn(present, body), target, target.name)
            after = writes.replaced(before, wish, _author(request, target))
            return self._admitted(after, target, warnings)

        return self._write(request, target, "patch", make, warnings)

    def _apply(self, request: Request, target: Target, body: Any) -> Answer:
        if not request.query.get("fieldManager"):
            raise ApiError(
                422,
                'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: '
                "is required for apply patch",
            )
        self._check_namespace(target)
        wish = writes.checked(body, target, target.name)
        if wish["metadata"].get("managedFields"):
            raise ApiError(400, "metadata.managedFields must be nil")
        author = replace(_author(request, target), force=request.flag("force"))
        warnings: list[str] = []
        code = 200 if self.store.get(_key(target)) else 201

        def make(before: Object | None) -> Object:
            if before is not None:
                return self._admitted(writes.applied(before, wish, author), target, warnings)
            if target.subresource:
                raise _not_found(target.resource, target.name)
            return self._admitted(writes.created(wish, author, "Apply"), target, warnings)

        return self._write(request, target, "apply", make, warnings, code=code)

    def _admitted(self, thing: Object, target: Target, warnings: list[str]) -> Object:
        if target.resource.custom and not target.subresource:
            warnings.extend(self._admission(representation.one(thing, target, "")))
        return thing

    def _write(
        self,
        request: Request,
        target: Target,
        verb: str,
        make: Callable[[Object | None], Object | None],
        warnings: list[str],
        *,
        code: int = 200,
    ) -> Answer:
        form = representation.wanted(request.headers.get("accept", ""))
        if request.query.get("dryRun"):
            after = make(self.store.get(_key(target)))
        else:
            after = self.store.change(_key(target), make)
            self.writings.note(request.manager, verb, target, target.name, after)
        assert after is not None
        shown = representation.one(after, target, form)
        return Answer(code, shown, tuple(dict.fromkeys(warnings)))

    def _check_namespace(self, target: Target) -> None:
        if target.resource.namespaced:
            if not target.namespace:
                raise ApiError(
                    405, "the server does not allow this method on the requested resource"
                )
            if self.store.get(Key(NAMESPACES, "", target.namespace)) is None:
                raise _not_found(NAMESPACES, target.namespace)

    def _delete(self, request: Request, target: Target) -> Answer:
        options = bodies.read(request, (bodies.JSON,)) if request.body else {}
        wanted = (options or {}).get("preconditions") or {} if isinstance(options, dict) else {}
        gone = self._present(target)

        def drop(before: Object | None) -> None:
            if before is None:
                raise _not_found(target.resource, target.name)
            for field in ("uid", "resourceVersion"):
                if wanted.get(field) and wanted[field] != before["metadata"][field]:
                    raise ApiError(
                        409,
                        f'Operation cannot be fulfilled on {target.resource.name} "{target.name}": '
                        f"Precondition failed: {field} in precondition: {wanted[field]}, "
                        f"in object meta: {before['metadata'][field]}",
                    )

        if not request.query.get("dryRun"):
            self.store.change(_key(target), drop)
            self.writings.note(request.manager, "delete", target, target.name, None)
            if target.resource is NAMESPACES:
                self._empty_namespace(target.name)
        return Answer(
            200,
            success(
                {
                    "name": target.name,
                    "group": target.resource.group,
                    "kind": target.resource.plural,
                    "uid": gone["metadata"]["uid"],
                }
            ),
        )

    def _empty_namespace(self, namespace: str) -> None:
        for resource in self.known:
            if resource.namespaced:
                for thing in self.store.listed(resource, namespace)[0]:
                    key = Key(resource, namespace, thing["metadata"]["name"])
                    self.store.change(key, lambda _: None)

    def _delete_collection(self, request: Request, target: Target) -> Answer:
        found, version = self.store.listed(target.resource, target.namespace)
        selects = _selection(request, target)
        gone = [thing for thing in found if selects(thing)]
        for thing in gone:
            metadata = thing["metadata"]
            key = Key(target.resource, metadata.get("namespace", ""), metadata["name"])
            self.store.change(key, lambda _: None)
            self.writings.note(request.manager, "delete", target, metadata["name"], None)
        return Answer(200, representation.many(gone, target, "", {"resourceVersion": str(version)}))


def _key(target: Target) -> Key:
    return Key(target.resource, target.namespace, target.name)


def _author(request: Request, target: Target) -> Author:
    return Author(request.manager, target)


def _not_found(resource: Resource, name: str) -> ApiError:
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return ApiError(404, f'{resource.name} "{name}" not found', details=details)


def _selection(request: Request, target: Target) -> Callable[[Mapping[str, Any]], bool]:
    by_label = selectors.labels(request.query.get("labelSelector", ""))
    by_field = selectors.fields(request.query.get("fieldSelector", ""))
    name = target.name
    return lambda thing: (
        (not name or thing["metadata"]["name"] == name) and by_label(thing) and by_field(thing)
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
