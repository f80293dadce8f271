"""Programs that say one thing, and images of them: no compiler, no download."""

import gzip
import io
import json
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from clusters.local.binaries.executables import AGENT, ENVOY, ISTIOD, architecture
from filters import images
from filters.images import Blob

MACHINE = {"amd64": 0x3E, "arm64": 0xB7}
START = 0x400000
MARKS = {
    ISTIOD: b"path\tistio.io/istio/pilot/cmd/pilot-discovery\npilot/cmd/pilot-agent/config",
    AGENT: b"path\tistio.io/istio/pilot/cmd/pilot-agent\n",
    ENVOY: b"istio.alpn",
}


def program(says: str, marks: bytes = b"", *, code: int = 0, machine: str = "") -> bytes:
    """Return an executable for Linux that prints a text, whatever it is asked, and ends."""
    body = says.encode()
    if architecture() == "arm64":
        words = (0xD2800020, 0x100000E1, 0xD2800002 | len(body) << 5, 0xD2800808, 0xD4000001)
        ending = (0xD2800000 | code << 5, 0xD2800BA8, 0xD4000001)
        text = b"".join(struct.pack("<I", word) for word in (*words, *ending))
    else:
        # mov eax,1; mov edi,1; lea rsi,[rip+19]; mov edx,length; syscall; mov eax,60; mov edi,code
        text = b"\xb8\1\0\0\0\xbf\1\0\0\0\x48\x8d\x35\x13\0\0\0\xba" + struct.pack("<I", len(body))
        text += b"\x0f\5\xb8\x3c\0\0\0\xbf" + struct.pack("<I", code) + b"\x0f\5"
    whole = text + body + b"\0" + marks
    number = MACHINE[machine or architecture()]
    header = (
        b"\x7fELF\2\1\1"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, number, 1, START + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    )
    size = 120 + len(whole)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, START, START, size, size, 4096)
    return header + segment + whole


def istio(role: str, version: str, *, module: str = "") -> bytes:
    """Return an istiod or agent of a version, perhaps built from a version of the Go module."""
    built_from = f"mod\tistio.io/istio\t{module}\th1:".encode() if module else b""
    said = json.dumps({"clientVersion": {"version": version}})
    return program(f"{said}\n", MARKS[role] + built_from)


def envoy(version: str = "1.32.6-dev", marks: bytes = MARKS[ENVOY]) -> bytes:
    """Return an Envoy of a version."""
    return program(f"\nenvoy  version: 0123/{version}/Clean/RELEASE/BoringSSL\n\n", marks)


@dataclass(frozen=True)
class Link:
    """A link in a layer."""

    to: str
    hard: bool = False


def layer(entries: Mapping[str, bytes | Link], *, packed: bool = True) -> Blob:
    """Return a layer of files (bytes), links, and folders (names that end in a slash)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            if isinstance(content, Link):
                entry.type = tarfile.LNKTYPE if content.hard else tarfile.SYMTYPE
                entry.linkname = content.to
                archive.addfile(entry)
            elif name.endswith("/"):
                entry.type = tarfile.DIRTYPE
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    body = buffer.getvalue()
    if not packed:
        return Blob(images.OCI_LAYER.removesuffix("+gzip"), body)
    return Blob(images.OCI_LAYER, gzip.compress(body, mtime=0))


def image(*layers: Blob) -> images.Image:
    """Return an image of layers, the lowest first."""
    config = Blob(images.OCI_CONFIG, b'{"architecture": "of no matter", "os": "linux"}')
    return images.assemble(images.OCI_MANIFEST, config, layers)


def index(children: dict[str, images.Image]) -> Blob:
    """Return an index of images by platform, "linux/amd64"."""
    rows = []
    for platform, child in children.items():
        system, _, machine = platform.partition("/")
        rows.append(
            child.manifest.descriptor | {"platform": {"os": system, "architecture": machine}}
        )
    body = json.dumps({"schemaVersion": 2, "manifests": rows}).encode()
    return Blob("application/vnd.oci.image.index.v1+json", body)
