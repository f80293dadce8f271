"""Writing: create, update, patch, apply and delete, each admitted, stored and noted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver import bodies, lookups, patches, representation, writes
from clusters.local.apiserver.requests import Answer, Request
from clusters.local.apiserver.resources import NAMESPACES
from clusters.local.apiserver.statuses import ApiError, success
from clusters.local.apiserver.store import Key
from clusters.local.apiserver.writes import Author

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clusters.local.apiserver.evidence import Writings
    from clusters.local.apiserver.paths import Target
    from clusters.local.apiserver.resources import Resource
    from clusters.local.apiserver.store import Object, Store

    Admission = Callable[[Object], tuple[str, ...]]
    """Warnings about a document of an Istio kind; raises ApiError to refuse it."""


class Writer:
    """What changes the store, on behalf of the one who asks."""

    def __init__(
        self, store: Store, writings: Writings, admission: Admission, known: Sequence[Resource]
    ) -> None:
        self._store = store
        self._writings = writings
        self._admission = admission
        self._known = known

    def create(self, request: Request, target: Target) -> Answer:
        """Store a new object; raises ApiError (409) where one has its name."""
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

    def replace(self, request: Request, target: Target) -> Answer:
        """Store the new content of an object."""
        body = bodies.read(request, (bodies.JSON, bodies.YAML))
        wish = writes.checked(body, target, target.name)
        warnings: list[str] = []

        def make(before: Object | None) -> Object:
            if before is None:
                raise lookups.not_found(target.resource, target.name)
            after = writes.replaced(before, wish, _author(request, target))
            return self._admitted(after, target, warnings)

        return self._write(request, target, "update", make, warnings)

    def patch(self, request: Request, target: Target) -> Answer:
        """Change an object by a merge patch, a JSON patch or a server-side apply."""
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
                raise lookups.not_found(target.resource, target.name)
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
        code = 200 if self._store.get(lookups.key(target)) else 201

        def make(before: Object | None) -> Object:
            if before is not None:
                return self._admitted(writes.applied(before, wish, author), target, warnings)
            if target.subresource:
                raise lookups.not_found(target.resource, target.name)
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
            after = make(self._store.get(lookups.key(target)))
        else:
            after = self._store.change(lookups.key(target), make)
            self._writings.note(request.manager, verb, target, target.name, after)
        assert after is not None
        shown = representation.one(after, target, form)
        return Answer(code, shown, tuple(dict.fromkeys(warnings)))

    def _check_namespace(self, target: Target) -> None:
        if target.resource.namespaced:
            if not target.namespace:
                raise ApiError(
                    405, "the server does not allow this method on the requested resource"
                )
            if self._store.get(Key(NAMESPACES, "", target.namespace)) is None:
                raise lookups.not_found(NAMESPACES, target.namespace)

    def delete(self, request: Request, target: Target) -> Answer:
        """Remove an object; a namespace goes with all it holds."""
        options = bodies.read(request, (bodies.JSON,)) if request.body else {}
        wanted = (options or {}).get("preconditions") or {} if isinstance(options, dict) else {}
        gone = lookups.present(self._store, target)

        def drop(before: Object | None) -> None:
            if before is None:
                raise lookups.not_found(target.resource, target.name)
            for field in ("uid", "resourceVersion"):
                if wanted.get(field) and wanted[field] != before["metadata"][field]:
                    raise ApiError(
                        409,
                        f'Operation cannot be fulfilled on {target.resource.name} "{target.name}": '
                        f"Precondition failed: {field} in precondition: {wanted[field]}, "
                        f"in object meta: {before['metadata'][field]}",
                    )

        if not request.query.get("dryRun"):
            self._store.change(lookups.key(target), drop)
            self._writings.note(request.manager, "delete", target, target.name, None)
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
        for resource in self._known:
            if resource.namespaced:
                for thing in self._store.listed(resource, namespace)[0]:
                    key = Key(resource, namespace, thing["metadata"]["name"])
                    self._store.change(key, lambda _: None)

    def delete_collection(self, request: Request, target: Target) -> Answer:
        """Remove every object that the selectors choose."""
        found, version = self._store.listed(target.resource, target.namespace)
        selects = lookups.selection(request, target)
        gone = [thing for thing in found if selects(thing)]
        for thing in gone:
            metadata = thing["metadata"]
            key = Key(target.resource, metadata.get("namespace", ""), metadata["name"])
            self._store.change(key, lambda _: None)
            self._writings.note(request.manager, "delete", target, metadata["name"], None)
        return Answer(200, representation.many(gone, target, "", {"resourceVersion": str(version)}))


def _author(request: Request, target: Target) -> Author:
    return Author(request.manager, target)
