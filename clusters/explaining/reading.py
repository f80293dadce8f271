"""Documents out of real folders: what can be explained, and what is set aside by name.

A folder of manifests holds Services, values files and templates beside Istio's documents. Only
what Istio itself would refuse is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.explaining.aside import NOTHING, UNRENDERED, Aside, bearing
from clusters.pilot import documents, kinds, yamljson
from clusters.pilot.documents import InvalidDocument, NotBuilt
from clusters.pilot.yamljson import Tree, YamlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path as File

    from clusters.pilot.documents import Document
    from clusters.pilot.yamljson import Path

SUFFIXES = (".yaml", ".yml", ".json")
_READ = tuple(f"{one}.istio.io" for one in ("networking", "extensions", "security", "telemetry"))
_KUSTOMIZE = "kustomize.config.k8s.io/"
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml")
# `{{` alone may be a table in Lua.
_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:[.$\"(/]|(?:if|else|end|range|with|define|include|template|toYaml|tpl|printf"
    r"|default|required|quote)\b)"
)
_RENDER = "it is a template; Hint: explain what it renders, such as `helm template . > all.yaml`"


class NoFile(ValueError):
    """There is nothing to read where one was told to; the text says what would help."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The documents that can be explained, and what is beside them."""

    documents: tuple[Document, ...]
    asides: tuple[Aside, ...]
    brings_gateway: bool
    """A Gateway is among them, looked at or not."""


def read(paths: Iterable[File], namespace: str = "") -> Reading:
    """Return what files and folders hold; `namespace` is for documents that name none.

    Raises NoFile, or InvalidDocument for what Istio would refuse too.
    """
    reader = _Reader(namespace)
    for path in paths:
        reader.path(path)
    if not reader.files:
        raise NoFile(f"no file {', '.join(SUFFIXES)} in {', '.join(map(str, paths))}")
    return Reading(documents.together(reader.found), tuple(reader.asides), reader.brings_gateway)


class _Reader:
    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self.found: list[Document] = []
        self.asides: list[Aside] = []
        self.files = 0
        self.brings_gateway = False

    def path(self, path: File) -> None:
        """Read one file, or the files of one folder."""
        if not path.exists():
            raise NoFile(f"{path}: no such file or folder\nHint: ls {path.parent}")
        if not path.is_dir():
            self._file(path, named=True)
            return
        for each in sorted(path.iterdir()):
            if each.is_dir():
                if each.name.startswith(".") or not _holds_documents(each):
                    continue
                why = "folders inside a folder are not entered; Hint: name it as well"
                self._set_aside(f"the folder {each}", why, UNRENDERED)
            elif each.suffix in SUFFIXES:
                self._file(each, named=False)

    def _file(self, path: File, *, named: bool) -> None:
        """Read one file; `named` tells that it was given by name and so is meant to be read."""
        self.files += 1
        text = documents.text_of(path)
        template = bool(_TEMPLATE.search(text))
        if path.name in _KUSTOMIZATIONS:
            self._kustomization(f"{path}")
            return
        try:
            for tree in yamljson.load(text):
                self._tree(tree, str(path), named=named)
        except YamlError as error:
            self._no_yaml(path, text, error, named=named, template=template)
        except NotBuilt:
            raise
        except InvalidDocument as error:
            if not template:
                raise
            if named:
                raise InvalidDocument(f"{error}\n{path}: {_RENDER}") from error
            self._set_aside(str(path), _RENDER, UNRENDERED)

    def _no_yaml(
        self, path: File, text: str, error: YamlError, *, named: bool, template: bool
    ) -> None:
        said = f"{path}:{error.line}: this is no YAML: {error}"
        if template and not named:
            self._set_aside(str(path), _RENDER, UNRENDERED)
        elif named or "istio.io/" in text:
            raise InvalidDocument(f"{said}\n{path}: {_RENDER}" if template else said) from error
        else:
            why = f"line {error.line} is no YAML ({error}), and it names no API of Istio"
            self._set_aside(str(path), why, NOTHING)

    def _tree(self, tree: Tree, source: str, *, named: bool) -> None:
        value, here = tree.value, f"{source}:{tree.line}"
        if not isinstance(value, dict) or not value.keys() & {"kind", "metadata", "spec"}:
            if named:
                documents.of_tree(tree, source)  # which raises and says what is missing
            why = "it is no object of Kubernetes (no kind, no metadata), such as a values file"
            self._set_aside(here, why, NOTHING)
            return
        kind, version = value.get("kind"), value.get("apiVersion")
        if not isinstance(kind, str) or not isinstance(version, str):
            self._document(tree, source)
        elif kind.endswith("List") and isinstance(value.get("items"), list):
            for item in _items(tree):
                self._tree(item, source, named=named)
        elif version.startswith(_KUSTOMIZE):
            self._kustomization(here)
        elif _foreign(kind, version):
            group = version.rpartition("/")[0]
            why = f"{version} is not among the APIs that are read here"
            self._set_aside(_named(value, here), why, bearing(kind, group))
        else:
            self._document(tree, source)

    def _document(self, tree: Tree, source: str) -> None:
        """Take a document, without the parts of it that are not built."""
        here = f"{source}:{tree.line}"
        value = tree.value
        kind = str(value.get("kind"))
        self.brings_gateway |= kind == "Gateway"
        asides = []
        gone: dict[Path, list[int]] = {}
        while True:
            try:
                self.found.append(documents.of_tree(tree, source, self._namespace))
            except NotBuilt as error:
                cut = _part(kind, error.path)
                smaller = _without(tree, cut) if cut else None
                written = _as_written(error.path, gone)
                shown = documents.dotted(written)
                why = shown + error.reason.removeprefix(documents.dotted(error.path))
                what = _named(value, here)
                if smaller is None:
                    self._set_aside(what, why, bearing(kind))
                    return
                part = documents.dotted(written[: len(cut)])
                asides.append(Aside(f"{part} of {what}", why, bearing(kind)))
                if len(cut) > 2:
                    gone.setdefault(cut[:2], []).append(int(written[2]))
                tree = smaller
            else:
                self.asides += asides
                return

    def _kustomization(self, here: str) -> None:
        why = "it tells kustomize what to do; Hint: explain what `kubectl kustomize` prints"
        self._set_aside(here, why, UNRENDERED)

    def _set_aside(self, what: str, because: str, bears: Any) -> None:
        self.asides.append(Aside(what, because, bears))


def _holds_documents(folder: File) -> bool:
    return any(each.suffix in SUFFIXES for each in folder.rglob("*"))


def _foreign(kind: str, version: str) -> bool:
    if version.rpartition("/")[0] in _READ or (kind, version) == ("Secret", "v1"):
        return False
    # A kind of Istio's under no group at all is a slip, and the group is what is missing.
    ours = kind in kinds.NOT_BUILT or kind in kinds.BUILT
    return "/" in version or not ours


def _named(value: dict[str, Any], here: str) -> str:
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{value.get('kind')} {namespace}{metadata.get('name', '(no name)')} ({here})"


def _items(tree: Tree) -> Iterator[Tree]:
    """Yield the objects of a list, each with its lines."""
    lines: list[dict[Path, int]] = [{} for _ in tree.value["items"]]
    for path, line in tree.lines.items():
        if len(path) > 1 and path[0] == "items" and isinstance(path[1], int):
            lines[path[1]][path[2:]] = line
    for item, own in zip(tree.value["items"], lines, strict=True):
        yield Tree(item, own)


#: The lists of which one entry can be left out and the others still mean what they say.
_LISTS = {"Gateway": ("servers",), "VirtualService": ("http",), "DestinationRule": ("subsets",)}
#: The fields that can be left out likewise.
_FIELDS = {"VirtualService": ("tls", "tcp"), "DestinationRule": ("trafficPolicy",)}


def _part(kind: str, path: Path) -> Path:
    """Return the part around something that is not built which can be left out, () for none."""
    if len(path) > 2 and path[1] in _LISTS.get(kind, ()):
        return path[:3]
    if len(path) > 1 and path[1] in _FIELDS.get(kind, ()):
        return path[:2]
    return ()


def _as_written(path: Path, gone: dict[Path, list[int]]) -> Path:
    """Return a path as it was before entries of lists were left out."""
    index = path[2] if len(path) > 2 else None
    if not isinstance(index, int):
        return path
    for one in sorted(gone.get(path[:2], ())):
        index += one <= index
    return (*path[:2], index, *path[3:])


def _without(tree: Tree, cut: Path) -> Tree | None:
    """Return a document without a part of its spec; None where nothing would be left of it."""
    spec = dict(tree.value["spec"])
    name, index = str(cut[1]), cut[2] if len(cut) > 2 else None
    if index is None:
        del spec[name]
        lines = {path: line for path, line in tree.lines.items() if path[:2] != cut}
    else:
        assert isinstance(index, int)
        spec[name] = [one for at, one in enumerate(spec[name]) if at != index]
        lines = dict(_shifted(tree.lines, cut[:2], index))
    needed = {"Gateway": "servers", "VirtualService": "http"}.get(tree.value["kind"])
    if needed and not spec.get(needed):
        return None
    return Tree({**tree.value, "spec": spec}, lines)


def _shifted(lines: dict[Path, int], around: Path, gone: int) -> Iterator[tuple[Path, int]]:
    for path, line in lines.items():
        index = path[2] if len(path) > 2 and path[:2] == around else None
        if not isinstance(index, int) or index < gone:
            yield path, line
        elif index > gone:
            yield (*around, index - 1, *path[3:]), line
