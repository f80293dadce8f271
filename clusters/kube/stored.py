"""The documents of a run in a cluster's API: put there, replaced, removed, and marked."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.pilot.documents import InvalidDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusters.apply import Kube
    from clusters.deliveries import Documents
    from clusters.kube.translation import Translation
    from clusters.pilot.documents import Document

#: Kind, namespace and name.
Key = tuple[str, str, str]
#: istiod orders these by the second in which they were made, then by name.
ORDERED = ("EnvoyFilter", "WasmPlugin", "TrafficExtension")
#: Noticed before a marker by the very order of events, or shown on no page.
UNSHOWN = ("EnvoyFilter", "Secret")
#: What the API server answers for a document that its schema or a webhook refuses.
INVALID = (400, 422)
SECOND = 1.0


@dataclass(slots=True)
class Stored:
    """What of a run is stored; `documents` are as suites wrote them, with the age they really have.

    An object that was made counts as there until its removal is proven.
    """

    kube: Kube
    translation: Translation
    documents: Documents = field(default_factory=dict)
    _objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    _made: dict[Key, float] = field(default_factory=dict)
    _markers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _marker: dict[str, Any] | None = None

    def change(self, documents: Documents) -> dict[Key, str]:
        """Let these documents be stored and no others.

        Returns the changed objects that istiod's page configz must come to show, with their
        versions, "" for those removed. Raises InvalidDocument with the words of who refused.
        """
        changed = {}
        # The last one first: without its configuration a filter is not fetched once more.
        for key in [key for key in reversed(self.documents) if key not in documents]:
            gone = self._objects[key]
            self._remove(key)
            changed[_name(gone)] = ""
        older = {key for key in self._made if key[0] in ORDERED}
        for key, document in documents.items():
            known = self.documents.get(key)
            if known is None or _content(known) != _content(document):
                found = self._put(document, older, new=known is None)
                changed[_name(found)] = found["metadata"]["resourceVersion"]
        return {name: version for name, version in changed.items() if name[0] not in UNSHOWN}

    def mark(self) -> str:
        """Put a new marker in the place of the last one; returns the name of its cluster."""
        target = self.translation.target
        name = f"{self.kube.run}-marker-{next(self._markers)}"
        cluster = {"name": name, "type": "STATIC", "connect_timeout": "1s"}
        self._marker = {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {
                "name": f"marker-{self.kube.run}",
                "namespace": target.root_namespace,
            },
            "spec": {
                "workloadSelector": {"labels": dict(target.gateway_labels)},
                "configPatches": [
                    {
                        "applyTo": "CLUSTER",
                        "match": {"context": "GATEWAY"},
                        "patch": {"operation": "ADD", "value": cluster},
                    }
                ],
            },
        }
        self.kube.apply(self._marker)
        return name

    def clear(self) -> None:
        """Remove everything; what cannot be removed is named, after all else was tried.

        Raises apply.KubeError, and apply.Unreachable at once.
        """
        failed: list[apply.KubeError] = []
        for key in list(reversed(self._objects)):
            try:
                self._remove(key)
            except apply.Unreachable:
                raise
            except apply.KubeError as error:
                failed.append(error)
        if self._marker is not None:
            try:
                self.kube.delete(self._marker)
            except apply.KubeError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def left(self) -> list[str]:
        """Return the names of what is still there, as far as is known."""
        objects = [*self._objects.values(), *([self._marker] if self._marker else [])]
        return [apply.named(each) for each in objects]

    def as_stored(self) -> Iterator[dict[str, Any]]:
        """Yield every object as the API server has it now."""
        for each in [*self._objects.values(), *([self._marker] if self._marker else [])]:
            if (found := self.kube.stored(each)) is not None:
                yield found

    def _put(self, document: Document, older: set[Key], *, new: bool) -> dict[str, Any]:
        written = self.translation.out(document.written())
        if new and document.kind in ORDERED:
            self._let_age(older, written)
        # Noted before: an answer that gets lost is no proof that nothing was made.
        self._objects.setdefault(document.key, written)
        try:
            found = self.kube.apply(written)
        except apply.Refused as error:
            if new:
                del self._objects[document.key]
            if error.code in INVALID:
                words = self.translation.back(error.words)
                raise InvalidDocument(f"{document}: {words}") from error
            raise
        self._objects[document.key] = written
        if new:
            self._made[document.key] = time.monotonic()
        metadata = found["metadata"]
        self.documents[document.key] = replace(
            document,
            creation_timestamp=metadata["creationTimestamp"],
            resource_version=metadata["resourceVersion"],
        )
        return found

    def _let_age(self, older: set[Key], document: dict[str, Any]) -> None:
        """Let a second pass if a document would come before older ones: then it goes by name."""
        name = _sorted_by(document)
        later = [self._made[key] for key in older if _sorted_by(self._objects[key]) > name]
        if later and (rest := max(later) + SECOND - time.monotonic()) > 0:
            waiting.pause(rest)

    def _remove(self, key: Key) -> None:
        self.kube.delete(self._objects[key])
        self._objects.pop(key)
        self.documents.pop(key, None)
        self._made.pop(key, None)


def _content(document: Document) -> tuple[Any, ...]:
    return document.spec, document.labels, document.annotations


def _name(thing: dict[str, Any]) -> Key:
    metadata = thing["metadata"]
    return thing["kind"], metadata.get("namespace", ""), metadata["name"]


def _sorted_by(thing: dict[str, Any]) -> str:
    return f"{thing['metadata']['name']}.{thing['metadata']['namespace']}"
