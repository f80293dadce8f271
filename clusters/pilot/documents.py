"""Istio documents out of YAML, each checked field by field against the API that is built."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path as File
from typing import Any

from clusters.pilot import kinds, yamljson
from clusters.pilot.shapes import Problem, flag, map_of, message, text, whole
from clusters.pilot.yamljson import Path, Tree, YamlError

Key = tuple[str, str, str]
"""Kind, namespace and name."""

_TOP_LEVEL = ("apiVersion", "kind", "metadata", "spec", "status")
_OF_KUBERNETES = ("apiVersion", "kind", "metadata")
_METADATA = message(
    name=text,
    namespace=text,
    labels=map_of(text),
    annotations=map_of(text),
    creationTimestamp=text,
    resourceVersion=text,
    uid=text,
    generation=whole,
    generateName=text,
    managedFields=lambda value, path: iter(()),
    ownerReferences=lambda value, path: iter(()),
    finalizers=lambda value, path: iter(()),
    selfLink=text,
    deletionTimestamp=text,
    immutable=flag,
)
_DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class InvalidDocument(ValueError):
    """A document that istiod or Kubernetes would refuse; the message begins with file:line."""


class NotBuilt(InvalidDocument):
    """A document that Istio accepts and the embedded control plane cannot read yet.

    `path` is the part of it that is not read, empty for all of it, and `reason` says so in words.
    """

    def __init__(self, text: str, *, path: Path = (), reason: str = "") -> None:
        super().__init__(text)
        self.path = path
        self.reason = reason or text


@dataclass(frozen=True, slots=True)
class Document:
    """One Istio object. `spec` is its JSON value; `creation_timestamp` is UTC, "" when not given.

    `source` names where it was written, e.g. "bookinfo.yaml:3"; `resource_version` is what the
    API server stores it under, "" when it has not been there.
    """

    api_version: str
    kind: str
    name: str
    namespace: str
    spec: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    creation_timestamp: str = ""
    source: str = ""
    resource_version: str = ""

    @property
    def key(self) -> Key:
        """Return kind, namespace and name, which no two documents share."""
        return self.kind, self.namespace, self.name

    def written(self) -> dict[str, Any]:
        """Return the object as it was written, apart from comments and layout."""
        metadata: dict[str, Any] = {"name": self.name, "namespace": self.namespace}
        kept = {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "creationTimestamp": self.creation_timestamp,
        }
        metadata |= {key: value for key, value in kept.items() if value}
        top_level = kinds.BUILT[self.kind].top_level
        content = dict(self.spec) if top_level else {"spec": dict(self.spec)}
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": metadata,
        } | content

    def __str__(self) -> str:
        """Return how people name the document: `EnvoyFilter istio-system/basic-auth`."""
        return f"{self.kind} {self.namespace}/{self.name}"


def parse(text: str, *, source: str = "<text>", namespace: str = "") -> tuple[Document, ...]:
    """Return the documents of a YAML text, in order.

    `namespace` is for those that name none. Raises InvalidDocument, or NotBuilt where Istio would
    accept it.
    """
    try:
        found = [of_tree(tree, source, namespace) for tree in yamljson.load(text)]
    except YamlError as error:
        raise InvalidDocument(f"{source}:{error.line}: this is no YAML: {error}") from error
    return together(found)


def read(*paths: File, namespace: str = "") -> tuple[Document, ...]:
    """Return the documents of several YAML files, in order; raises as `parse` does."""
    return together(
        *(parse(text_of(path), source=str(path), namespace=namespace) for path in paths)
    )


def text_of(path: File) -> str:
    """Return the text of a file; raises InvalidDocument where it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{path}: this is no UTF-8 text: {error}") from error


def together(*groups: Iterable[Document]) -> tuple[Document, ...]:
    """Return documents of several origins as one set; raises where two have the same name."""
    known: dict[Key, Document] = {}
    for document in (one for group in groups for one in group):
        first = known.setdefault(document.key, document)
        if first is not document:
            raise InvalidDocument(
                f"{document.source}: {document} is already given at {first.source}; "
                "Hint: rename one of them or remove it"
            )
    return tuple(known.values())


def of_tree(tree: Tree, source: str, namespace: str = "") -> Document:
    """Return the document that a tree of YAML holds; raises as `parse` does."""
    value = tree.value
    here = f"{source}:{tree.line}"
    if not isinstance(value, Mapping):
        shown = type(value).__name__
        raise InvalidDocument(f"{here}: a document must be a mapping, this is a {shown}")
    kind, version = _kind(value, here)
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping) or not metadata.get("name"):
        raise InvalidDocument(f"{here}: this {kind} has no metadata.name; Hint: give it one")
    built = kinds.BUILT[kind]
    known = (*_OF_KUBERNETES, *built.top_level) if built.top_level else _TOP_LEVEL
    if built.top_level:
        spec = {key: value[key] for key in built.top_level if value.get(key) is not None}
    else:
        spec = value.get("spec") or {}
    problems = [
        *(
            Problem((), f"unknown field `{key}`; known are {', '.join(known)}")
            for key in value
            if key not in known
        ),
        *_METADATA(metadata, ("metadata",)),
        *built.spec(spec, () if built.top_level else ("spec",)),
    ]
    if problems:
        raise _refusal(kind, metadata, problems[0], source, tree)
    made = Document(
        api_version=version,
        kind=kind,
        name=metadata["name"],
        namespace=metadata.get("namespace") or namespace,
        spec=spec,
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        creation_timestamp=_timestamp(metadata.get("creationTimestamp"), here),
        source=here,
    )
    _check_names(made)
    return made


def _kind(value: Mapping[str, Any], here: str) -> tuple[str, str]:
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or not kind:
        raise InvalidDocument(f"{here}: this document has no kind; Hint: say what it is")
    if kind in kinds.NOT_BUILT:
        reason = f"{kind} is known to Istio but not built yet"
        raise NotBuilt(f"{here}: {reason}", reason=reason)
    if kind not in kinds.BUILT:
        near = get_close_matches(kind, (*kinds.BUILT, *kinds.NOT_BUILT), n=1)
        hint = f". Hint: did you mean {near[0]}?" if near else ""
        known = ", ".join(kinds.BUILT)
        raise InvalidDocument(f"{here}: unknown kind {kind!r}; known are {known}{hint}")
    versions = kinds.BUILT[kind].api_versions
    if version not in versions:
        raise InvalidDocument(
            f"{here}: {kind} has the apiVersion {version!r}; known are {', '.join(versions)}"
        )
    return kind, str(version)


def _check_names(document: Document) -> None:
    if not document.namespace:
        raise InvalidDocument(
            f"{document.source}: {document.kind} {document.name} has no metadata.namespace; "
            "Hint: name it, nothing is assumed"
        )
    for what, name in (("name", document.name), ("namespace", document.namespace)):
        if not _DNS_NAME.fullmatch(name):
            raise InvalidDocument(
                f"{document.source}: metadata.{what} {name!r} is no name for Kubernetes "
                "(lower-case letters, digits, - and .)"
            )


def _refusal(
    kind: str, metadata: Mapping[str, Any], problem: Problem, source: str, tree: Tree
) -> InvalidDocument:
    where = dotted(problem.path)
    reason = f"{where}{': ' if where else ''}{problem.text}"
    words = f"{source}:{tree.line_of(problem.path)}: {kind} {metadata['name']}: {reason}"
    if problem.built:
        return InvalidDocument(words)
    return NotBuilt(words, path=problem.path, reason=reason)


def dotted(path: Path) -> str:
    """Return a path as people write it: `spec.http[0].match`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _timestamp(value: str | None, here: str) -> str:
    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidDocument(
            f"{here}: metadata.creationTimestamp {value!r} is no time such as 2021-02-09T10:00:00Z"
        ) from error
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
