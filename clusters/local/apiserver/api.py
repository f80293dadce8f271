"""The API itself: a request in, an answer or a watch out; it knows no sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from collections.abc import Sequence

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
