"""The API itself: a request in, an answer or a watch out; it knows no sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clusters.local.apiserver import discovery, paths, reading, writes
from clusters.local.apiserver.definitions import definition
from clusters.local.apiserver.evidence import Writings
from clusters.local.apiserver.requests import Answer, Request
from clusters.local.apiserver.resources import CRDS, KUBERNETES, NAMESPACES
from clusters.local.apiserver.statuses import ApiError
from clusters.local.apiserver.store import Key, Store
from clusters.local.apiserver.writes import Author
from clusters.local.apiserver.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clusters.local.apiserver.reading import Watch
    from clusters.local.apiserver.resources import Resource
    from clusters.local.apiserver.store import Object
    from clusters.local.apiserver.writing import Admission


class Api:
    """Objects of the kinds known, checked by `admission` where they are Istio's."""

    def __init__(self, kinds: Sequence[Resource], namespaces: Sequence[str], admission: Admission):
        self.known = (*KUBERNETES, *kinds)
        self.store = Store()
        self.writings = Writings()
        self._writer = Writer(self.store, self.writings, admission, self.known)
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

    def put(self, thing: Mapping[str, Any]) -> Object:
        """Return an object as it is stored, admitted by nobody; it keeps its time of creation."""
        key, version = self._key(thing), thing["apiVersion"].rpartition("/")[2]
        target = paths.Target(key.resource, version, key.namespace, key.name, "")
        made = writes.created(dict(thing), Author("apiserver", target))
        given = thing["metadata"].get("creationTimestamp")
        if given:
            made["metadata"] |= {"creationTimestamp": given}
        stored = self.store.change(key, lambda _: made)
        assert stored is not None
        return stored

    def drop(self, thing: Mapping[str, Any]) -> None:
        """Remove the object of that kind, namespace and name."""
        self.store.change(self._key(thing), lambda _: None)

    def _key(self, thing: Mapping[str, Any]) -> Key:
        group = thing["apiVersion"].rpartition("/")[0]
        resource = next(
            one for one in self.known if (one.group, one.kind) == (group, thing["kind"])
        )
        metadata = thing["metadata"]
        return Key(resource, metadata.get("namespace", ""), metadata["name"])

    def answer(self, request: Request) -> Answer | Watch:
        """Return what a request is answered with; raises ApiError for what is refused."""
        if request.method in ("GET", "HEAD"):
            found = discovery.document(request.path, self.known)
            if found is not None:
                return Answer(200, found)
        target = paths.parse(request.path, self.known)
        match request.method, bool(target.name):
            case (("GET" | "HEAD"), _):
                return reading.read(self.store, request, target)
            case "POST", False:
                return self._writer.create(request, target)
            case "PUT", True:
                return self._writer.replace(request, target)
            case "PATCH", True:
                return self._writer.patch(request, target)
            case "DELETE", True if not target.subresource:
                return self._writer.delete(request, target)
            case "DELETE", False:
                return self._writer.delete_collection(request, target)
        raise ApiError(405, "the server does not allow this method on the requested resource")
