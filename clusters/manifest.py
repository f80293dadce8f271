"""Documents of the user's own: read, checked against the release, and applied as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clusters.pilot import admission, documents
from clusters.pilot.behaviours import Behaviours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from clusters.pilot.documents import Document
    from clusters.release import Release

SUFFIXES = (".yaml", ".yml", ".json")


class InvalidManifest(ValueError):
    """A manifest that the release would refuse, or that is none; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The documents of a run that the user wrote; `warnings` are the webhook's."""

    documents: tuple[Document, ...]
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the documents as they were written, apart from comments and layout."""
        # Any JSON document is a YAML document, and needs no care for what YAML 1.1 makes of text.
        return "".join(f"---\n{json.dumps(one.written())}\n" for one in self.documents)

    @property
    def urls(self) -> tuple[str, ...]:
        """Return the addresses that Wasm modules are fetched from, each once."""
        found = (url for one in self.documents for url in _urls(one))
        return tuple(dict.fromkeys(found))

    def serving(self, url: str) -> Manifest:
        """Return the same documents with every module fetched from `url` instead."""
        moved = tuple(replace(one, spec=_moved(one, url)) for one in self.documents)
        return replace(self, documents=moved)


PLUGINS = ("WasmPlugin", "TrafficExtension")
JUDGED = ("EnvoyFilter", *PLUGINS)
"""The kinds that may or may not take effect; a manifest holds at least one of them."""


def read(paths: Sequence[Path], release: Release) -> Manifest:
    """Return the documents of files and folders (*.yaml, *.yml, *.json, by name).

    Raises InvalidManifest for what cannot be read, what a cluster of this release refuses,
    and what the embedded control plane cannot read yet.
    """
    files = [file for path in paths for file in _files(path)]
    behaviours = Behaviours.of(release)
    try:
        found = documents.read(*files)
        warnings: dict[str, list[str]] = {}
        for one in found:
            for text in admission.admit(one, behaviours):
                warnings.setdefault(text, []).append(one.source)
    except (OSError, UnicodeDecodeError, documents.InvalidDocument) as error:
        raise InvalidManifest(f"--manifest: {error}") from error
    if not found:
        named = ", ".join(map(str, files))
        raise InvalidManifest(f"--manifest: no document in {named}")
    idle = [
        str(one) for one in found if one.kind == "EnvoyFilter" and not one.spec.get("configPatches")
    ]
    if idle or not any(one.kind in JUDGED for one in found):
        named = ", ".join(idle or map(str, files))
        raise InvalidManifest(
            f"--manifest: there is no patch and no plugin to judge in {named}\n"
            "Hint: an EnvoyFilter has its patches in spec.configPatches, a WasmPlugin has a url"
        )
    told = tuple(f"{text} ({', '.join(where)})" for text, where in warnings.items())
    return Manifest(found, told)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES)
        if found:
            return found
        raise InvalidManifest(f"--manifest={path}: no file {', '.join(SUFFIXES)} in this folder")
    if not path.is_file():
        raise InvalidManifest(
            f"--manifest={path}: no such file or folder\n"
            "Hint: give a YAML file with EnvoyFilters or WasmPlugins, or a folder of such files"
        )
    return [path]


def _addresses(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the `http_uri` of every remote module, wherever a patch has one."""
    if isinstance(value, dict):
        if isinstance(http := _remote(value), dict) and isinstance(http.get("uri"), str):
            yield http
        for each in value.values():
            yield from _addresses(each)
    elif isinstance(value, list):
        for each in value:
            yield from _addresses(each)


def _remote(value: Mapping[str, Any]) -> Any:
    code = value.get("code")
    remote = code.get("remote") if isinstance(code, dict) else None
    # Envoy's JSON takes both spellings of a field.
    return (remote.get("http_uri") or remote.get("httpUri")) if isinstance(remote, dict) else None


def _urls(document: Document) -> Iterator[str]:
    if document.kind in PLUGINS:
        module = _module(document.spec)
        if isinstance(url := module.get("url"), str) and not url.startswith("file://"):
            yield url
    else:
        yield from (http["uri"] for http in _addresses(document.spec))


def _module(spec: Mapping[str, Any]) -> Any:
    """Return the part of a plugin that says where its module is; it has none with Lua."""
    return spec if "url" in spec else spec.get("wasm") or {}


def _moved(document: Document, url: str) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document.spec))
    if document.kind in PLUGINS:
        if list(_urls(document)):
            _module(copy)["url"] = url
    else:
        for http in _addresses(copy):
            http["uri"] = url  # type: ignore[index]
    return copy
