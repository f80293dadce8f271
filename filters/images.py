"""A module as an image: the three layouts that pilot-agent understands.

docker     Docker image, schema 2: `plugin.wasm` in the only, gzipped tar layer
compat     the same as OCI image ("compat" variant of the Wasm image specification)
artifact   OCI artifact: the module itself and its runtime configuration as two layers

The same module always gives the same bytes, so also the same digests. Source: Wasm image
specification, github.com/solo-io/wasm, spec/README.md.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LAYOUTS = ("docker", "compat", "artifact")
PLUGIN = "plugin.wasm"

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
WASM_CONFIG = "application/vnd.module.wasm.config.v1+json"
WASM_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes and what they are."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """Return "sha256:…" of the bytes."""
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, Any]:
        """Return what a manifest says of the blob."""
        return {"mediaType": self.media_type, "size": len(self.body), "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest and the blobs that it names."""

    manifest: Blob
    blobs: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        """Return the digest of the manifest: the image's name that never moves."""
        return self.manifest.digest

    @property
    def checksum(self) -> str:
        """Return the digest as WasmPlugin and EnvoyFilter write it under `sha256`."""
        return self.digest.removeprefix("sha256:")


def build(module: bytes, layout: str) -> Image:
    """Return the image of a module in one of LAYOUTS."""
    if layout == "artifact":
        runtime = Blob(WASM_CONFIG, _json({"type": "envoy_proxy", "abiVersions": ["v0-2-1"]}))
        return assemble(OCI_MANIFEST, runtime, (runtime, Blob(WASM_LAYER, module)))
    manifest, config, layer = {
        "docker": (DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER),
        "compat": (OCI_MANIFEST, OCI_CONFIG, OCI_LAYER),
    }[layout]
    files = archive({PLUGIN: module})
    return assemble(manifest, _container(config, files), (Blob(layer, gzipped(files)),))


def assemble(media_type: str, config: Blob, layers: tuple[Blob, ...]) -> Image:
    """Return an image of a configuration and layers, whatever they are."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": config.descriptor,
        "layers": [layer.descriptor for layer in layers],
    }
    blobs = {blob.digest: blob for blob in (config, *layers)}
    return Image(Blob(media_type, _json(manifest)), tuple(blobs.values()))


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a tar archive; owners and times are left out, or each build would differ."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as opened:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            opened.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


def gzipped(body: bytes) -> bytes:
    """Return the bytes gzipped, without a time."""
    return gzip.compress(body, mtime=0)


def _container(media_type: str, files: bytes) -> Blob:
    diff = f"sha256:{hashlib.sha256(files).hexdigest()}"
    return Blob(
        media_type,
        _json(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [diff]},
            }
        ),
    )


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
