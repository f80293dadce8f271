"""What servers give for a module, and images, by the names that the cases use."""

from __future__ import annotations

import io
import json
import random
import tarfile

from filters import images
from filters.images import Blob, Image
from filters.misshapen import SHAPES

LINUX = {"os": "linux", "architecture": "amd64"}
OTHER = {"os": "plan9", "architecture": "amd64"}

ONE, TWO = (b"\0asm\1\0\0\0" + name * 1000 for name in (b"one.", b"two."))


def _tar(*entries: tuple[str, bytes | None]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in entries:
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE if body is None else tarfile.REGTYPE
            entry.size = len(body or b"")
            archive.addfile(entry, io.BytesIO(body or b""))
    return buffer.getvalue()


def _large(seed: int) -> bytes:
    """Return a module that does not get smaller."""
    return ONE[:8] + random.Random(seed).randbytes(50_000)


BODIES = {
    "large": _large(1),
    "another large": _large(2),
    "one": ONE,
    "two": TWO,
    "nothing": b"",
    "a page": b"<html>please log in</html>",
    "seven bytes": ONE[:7],
    "eight bytes": ONE[:8],
    "another version": b"\0asm\7\7\7\7" + ONE,
    "gzip": images.gzipped(ONE),
    "gzip twice": images.gzipped(images.gzipped(ONE)),
    "gzip of a page": images.gzipped(b"<html>"),
    "gzip broken off": images.gzipped(ONE)[:-9],
    "gzip with more after it": images.gzipped(ONE) + b"more",
    "gzip with zeros after it": images.gzipped(ONE) + b"\0" * 8,
    "two gzips": images.gzipped(ONE[:100]) + images.gzipped(ONE[100:]),
    "gzip magic": b"\x1f\x8bnot really",
    "tar": _tar(("plugin.wasm", ONE)),
    "tar of two": _tar(("a.wasm", ONE), ("b.wasm", TWO)),
    "tar of a page": _tar(("index.html", b"<html>")),
    "tar with a folder first": _tar(("folder", None), ("folder/plugin.wasm", ONE)),
    "tar broken off": _tar(("plugin.wasm", ONE))[:2000],
    "gzip of tar": images.gzipped(_tar(("plugin.wasm", ONE))),
    "tar of gzip": _tar(("plugin.gz", images.gzipped(ONE))),
}


CONFIG = Blob(images.OCI_CONFIG, b"{}")
LAYERS = {
    "no layer": (),
    "a page in the layer": (Blob(images.OCI_LAYER, images.gzipped(b"<html>" * 200)),),
    "a word in the layer": (Blob(images.OCI_LAYER, images.gzipped(b"word")),),
    "a layer that breaks off after the module": (
        Blob(images.OCI_LAYER, images.gzipped(_tar(("plugin.wasm", ONE)))[:-12]),
    ),
    "a layer that breaks off in the module": (
        Blob(images.OCI_LAYER, images.gzipped(_tar(("plugin.wasm", _large(1))))[:30_000]),
    ),
    "a layer that breaks off before the module": (
        Blob(
            images.OCI_LAYER,
            images.gzipped(_tar(("large", _large(1)), ("plugin.wasm", ONE)))[:30_000],
        ),
    ),
    "an empty archive": (Blob(images.OCI_LAYER, images.gzipped(_tar())),),
}


def image(layout: str, body: str) -> Image:
    """Return the image of a body in a layout, or in a wrong shape, or behind an index."""
    module = BODIES[body]
    if layout in images.LAYOUTS:
        return images.build(module, layout)
    if layout == "index":
        return _index(images.build(module, "compat"), LINUX)
    if layout == "index of another platform":
        return _index(images.build(module, "compat"), OTHER)
    if layout == "no manifest":
        return Image(Blob(images.OCI_MANIFEST, b"<html>"), ())
    if layout in LAYERS:
        return images.assemble(images.OCI_MANIFEST, CONFIG, LAYERS[layout])
    return SHAPES[layout](module)


def _index(inner: Image, platform: dict[str, str]) -> Image:
    row = inner.manifest.descriptor | {"platform": platform}
    table = {"schemaVersion": 2, "manifests": [row]}
    body = json.dumps(table, separators=(",", ":"), sort_keys=True).encode()
    outer = Blob("application/vnd.oci.image.index.v1+json", body)
    return Image(outer, (inner.manifest, *inner.blobs))


def name_of(found: bytes) -> str:
    """Return which body this is."""
    return next((name for name, one in BODIES.items() if one == found), f"{len(found)} bytes")
