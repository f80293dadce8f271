"""Which bytes of an image are the module: the three layouts that pilot-agent understands.

Facts: pkg/wasm/imagefetcher.go of Istio. A docker image and the "compat" OCI image hold
`plugin.wasm` in a gzipped tar layer; the OCI artifact holds the module itself as a layer.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusters.pilot.behaviours import Behaviours

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = (DOCKER_LIST, OCI_INDEX)
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
WASM_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm"
PLUGIN = "plugin.wasm"


class NoModule(Exception):
    """The image holds no module where the agent looks; the text is the agent's."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as the manifest names it."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest of an image says."""

    media_type: str
    layers: tuple[Layer, ...]


def manifest(body: bytes) -> Manifest:
    """Return what a manifest says; raises NoModule for what is none."""
    try:
        table = json.loads(body)
        layers = tuple(
            Layer(row["mediaType"], row["digest"], row["size"]) for row in table.get("layers", [])
        )
        return Manifest(table.get("mediaType", ""), layers)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NoModule(f"could not retrieve manifest: {_words(error)}") from error


def _words(error: Exception) -> str:
    """Return Go's words for a text that does not even begin like JSON, others as they are."""
    if isinstance(error, json.JSONDecodeError) and error.msg == "Expecting value":
        found = error.doc[error.pos : error.pos + 1]
        return f"invalid character {found!r} looking for beginning of value" if found else "EOF"
    return str(error)


def platform_digest(body: bytes, reference: str) -> str:
    """Return the manifest that an index names for the agent's platform; raises NoModule."""
    try:
        rows: list[dict[str, Any]] = json.loads(body).get("manifests", [])
        for row in rows:
            platform = row.get("platform", {"os": "linux", "architecture": "amd64"})
            if (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
                return str(row["digest"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NoModule(f"could not parse the index: {error}") from error
    raise NoModule(f"no child with platform linux/amd64 in index {reference}")


def module(
    said: Manifest, read: Callable[[Layer], bytes], behaviours: Behaviours, limit: int | None
) -> bytes:
    """Return the module of an image; `read` gives a layer's bytes as they are stored.

    Whatever is larger than `limit` when unpacked is cut off. Raises NoModule.
    """
    if said.media_type == DOCKER_MANIFEST:
        try:
            return _packed(said, DOCKER_LAYER, read, behaviours, limit)
        except NoModule as error:
            raise NoModule(
                f"could not extract Wasm file from the image as Docker container {error}"
            ) from error
    try:
        return _packed(said, OCI_LAYER, read, behaviours, limit)
    except NoModule as error:
        compat = error
    try:
        return _raw(said, read, limit)
    except NoModule as error:
        raise NoModule(
            "the given image is in invalid format as an OCI image: 2 errors occurred:\n"
            f"\t* could not parse as compat variant: {compat}\n"
            f"\t* could not parse as oci variant: {error}\n\n"
        ) from error


def _packed(
    said: Manifest,
    media_type: str,
    read: Callable[[Layer], bytes],
    behaviours: Behaviours,
    limit: int | None,
) -> bytes:
    count = len(said.layers)
    if "agent-takes-the-last-layer" not in behaviours:
        if count != 1:
            raise NoModule(f"number of layers must be 1 but got {count}")
    elif not count:
        raise NoModule("number of layers must be greater than zero")
    layer = said.layers[-1]
    if layer.media_type != media_type:
        raise NoModule(f"invalid media type {layer.media_type} (expect {media_type})")
    body = read(layer)
    try:
        return unpack(layer, body, limit)
    except NoModule as error:
        raise NoModule(f"could not extract wasm binary: {error}") from error


def verify(layer: Layer, body: bytes) -> None:
    """Raise NoModule unless these are the bytes that the manifest names."""
    if len(body) != layer.size:
        raise NoModule(f"error verifying size; got {len(body)}, want {layer.size}")
    found = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if found != layer.digest:
        raise NoModule(
            f"error verifying sha256 checksum after reading {len(body)} bytes; "
            f'got "{found}", want "{layer.digest}"'
        )


def unpack(layer: Layer, body: bytes, limit: int | None) -> bytes:
    """Return plugin.wasm, in whatever folder, of a gzipped tar archive; raises NoModule.

    The agent stops reading where the file ends. Only where it comes to the end of the layer
    before, does it find out that these are not the bytes that the manifest names.
    """
    packed = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = packed.decompress(body[: layer.size], 0 if limit is None else limit)
    except zlib.error as error:
        reason = "invalid header" if "header" in str(error) else "flate: corrupt input"
        raise NoModule(f"failed to parse layer as tar.gz: gzip: {reason}") from error
    try:
        return _plugin(plain)
    except NoModule:
        if not packed.eof and (limit is None or len(plain) < limit):
            verify(layer, body[: layer.size])
        raise


def _plugin(plain: bytes) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            for entry in archive:
                if PurePosixPath(entry.name).name == PLUGIN:
                    return _content(archive, entry)
    except tarfile.ReadError as error:
        invalid = str(error) in ("invalid header", "bad checksum")
        raise NoModule(
            "archive/tar: invalid tar header" if invalid else "unexpected EOF"
        ) from error
    raise NoModule(f"{PLUGIN} not found in the archive")


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    try:
        found = archive.extractfile(entry)
        return found.read() if found else b""
    except tarfile.ReadError as error:
        raise NoModule(f"failed to read {PLUGIN}: unexpected EOF") from error


def _raw(said: Manifest, read: Callable[[Layer], bytes], limit: int | None) -> bytes:
    if len(said.layers) != 2:
        raise NoModule(f"number of layers must be 2 but got {len(said.layers)}")
    for layer in said.layers:
        if layer.media_type == WASM_LAYER:
            body = read(layer)[: layer.size]
            if limit is None or len(body) < limit:
                _verified(layer, body)
            return body[:limit]
    raise NoModule(f"could not find the layer of type {WASM_LAYER}")


def _verified(layer: Layer, body: bytes) -> None:
    try:
        verify(layer, body)
    except NoModule as error:
        raise NoModule(f"could not extract wasm binary: {error}") from error
