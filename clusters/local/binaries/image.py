"""Which layers the image of this machine has, according to its index and manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.local.binaries import executables
from clusters.local.binaries.failures import FetchFailed
from clusters.pilot.oci_session import digest

if TYPE_CHECKING:
    from clusters.local.binaries.registry import Repository

SYSTEM = "linux"
TAR = ("vnd.oci.image.layer.v1.tar", "vnd.docker.image.rootfs.diff.tar")


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, gzipped or not: its digest "sha256:…" and how many bytes it has."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image: the digest of its manifest, and its layers from the lowest to the uppermost."""

    digest: str
    layers: tuple[Layer, ...]


def find(repository: Repository) -> Image:
    """Return the image of this machine's platform; raises FetchFailed."""
    name = str(repository.reference)
    body = repository.manifest(repository.reference.identifier)
    said = _parsed(body, name)
    if "manifests" in said:
        body = repository.manifest(_for_this_machine(said, name))
        said = _parsed(body, name)
    try:
        return Image(digest(body), tuple(_layer(row, name) for row in said["layers"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(name, error) from error


def _parsed(body: bytes, name: str) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise _unreadable(name, error) from error
    if not isinstance(said, dict):
        raise _unreadable(name, TypeError("no JSON object"))
    return said


def _for_this_machine(index: dict[str, Any], name: str) -> str:
    mine = (SYSTEM, executables.architecture())
    try:
        rows = [(row.get("platform") or {}, str(row["digest"])) for row in index["manifests"]]
        there = [((p.get("os"), p.get("architecture")), found) for p, found in rows]
    except (AttributeError, KeyError, TypeError) as error:
        raise _unreadable(name, error) from error
    for platform, found in there:
        if platform == mine:
            return found
    have = ", ".join(f"{system}/{machine}" for (system, machine), _ in there) or "none"
    raise FetchFailed(
        f"{name} is not made for {'/'.join(mine)} but for {have}\n"
        "Hint: python -m clusters binaries build --istio=RELEASE"
    )


def _layer(row: dict[str, Any], name: str) -> Layer:
    kind = str(row["mediaType"]).removeprefix("application/")
    plain, _, packing = kind.replace(".gzip", "+gzip").partition("+")
    if plain not in TAR or packing not in ("", "gzip"):
        raise FetchFailed(
            f"{name} has a layer of the type {kind}, and only tar, plain or gzipped, can be "
            "unpacked here\nHint: python -m clusters binaries build --istio=RELEASE"
        )
    found, size = str(row["digest"]), int(row["size"])
    if not found.startswith("sha256:") or not found[7:].isalnum() or size < 0:
        raise ValueError(f"a layer has the digest {found!r} and {size} bytes")
    return Layer(found, size)


def _unreadable(name: str, error: Exception) -> FetchFailed:
    return FetchFailed(
        f"the manifest of {name} cannot be read: {type(error).__name__}: {error}\n"
        "Hint: --hub=HOST/PATH of another registry"
    )
