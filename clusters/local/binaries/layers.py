"""Reads files out of an image's layers, of which the upper ones hide what is below.

Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset". Names in an archive are
only ever looked up here; none becomes a path on this machine.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from clusters.local.binaries.failures import FetchFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
LINKS = 40  # in a row, as Linux follows them
FILE_LIMIT = 1 << 30
UNREADABLE = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry: in which layer's file, under which name there, and where it points if a symlink."""

    layer: Path
    name: str
    regular: bool
    folder: bool = False
    symlink: str | None = None


@dataclass(slots=True)
class View:
    """What is to be seen of an image in the layers read so far, from the uppermost downwards."""

    image: str
    entries: dict[str, Found] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)
    _opaque: set[str] = field(default_factory=set)

    def read(self, layer: Path) -> None:
        """Add the next lower layer; raises FetchFailed for one that is no tar archive."""
        mine: dict[str, Found] = {}
        deleted, opaque = set(), set()
        for member in self._members(layer):
            path = self._path(member.name)
            parent, _, name = path.rpartition("/")
            if name == OPAQUE:
                opaque.add(parent)
            elif name.startswith(WHITEOUT):
                deleted.add(f"{parent}/{name.removeprefix(WHITEOUT)}".lstrip("/"))
            elif not self._hidden(path):
                mine[path] = Found(
                    layer,
                    member.name,
                    regular=member.isreg() or member.islnk(),
                    folder=member.isdir(),
                    symlink=member.linkname if member.issym() else None,
                )
        self.entries = mine | self.entries
        # They hide what lies below, not what comes with them.
        self._deleted |= deleted
        self._opaque |= opaque

    def find(self, path: str) -> Found | None:
        """Return the regular file at a path, symlinks followed within the image, None if none is.

        Raises FetchFailed for something else than a file, and for links that go round in circles.
        """
        left, seen = list(reversed(PurePosixPath(path).parts)), PurePosixPath()
        entry, links = None, 0
        while left:
            part = left.pop()
            if part in ("/", ".."):
                entry, seen = None, PurePosixPath() if part == "/" else seen.parent
                continue
            seen /= part
            entry = self.entries.get(str(seen))
            if entry is None or entry.symlink is None:
                continue
            links += 1
            if links > LINKS:
                raise self._bad(f"the links of {path} go round in circles")
            left += reversed(PurePosixPath(entry.symlink).parts)
            seen = seen.parent
        if entry is not None and not entry.regular:
            raise self._bad(f"{path} is no regular file")
        return entry

    def inside(self, folder: str) -> list[str]:
        """Return the names of the regular files right inside a folder."""
        paths = [PurePosixPath(path) for path, found in self.entries.items() if found.regular]
        return sorted(path.name for path in paths if str(path.parent) == folder)

    def extract(self, found: Found, target: Path) -> None:
        """Write a file's content to `target`; raises FetchFailed."""
        try:
            with _open(found.layer) as archive:
                content = archive.extractfile(archive.getmember(found.name))
                if content is None:
                    raise self._bad(f"{found.name} is no regular file")
                with target.open("wb") as file:
                    while chunk := content.read(1 << 20):
                        file.write(chunk)
                        if file.tell() > FILE_LIMIT:
                            raise self._bad(f"{found.name} is larger than {FILE_LIMIT} bytes")
        except KeyError as error:
            raise self._bad(f"{found.name} is a link to what its layer does not hold") from error
        except UNREADABLE as error:
            raise self._bad(f"{found.name} cannot be unpacked: {error}") from error

    def _members(self, layer: Path) -> Iterator[tarfile.TarInfo]:
        try:
            with _open(layer) as archive:
                yield from archive
        except UNREADABLE as error:
            raise self._bad(f"its layer {layer.name} is no tar archive: {error}") from error

    def _path(self, name: str) -> str:
        path = PurePosixPath(name)
        if ".." in path.parts:
            raise self._bad(f"an entry is named {name!r}, which leads out of the image")
        return str(path.relative_to("/") if path.is_absolute() else path)

    def _hidden(self, path: str) -> bool:
        if path in self._deleted:
            return True
        for above in map(str, PurePosixPath(path).parents):
            found = self.entries.get(above)
            if above in self._deleted or above in self._opaque or (found and not found.folder):
                return True
        return False

    def _bad(self, reason: str) -> FetchFailed:
        return FetchFailed(
            f"{self.image} cannot be used: {reason}\nHint: --hub=HOST/PATH of another registry"
        )


def _open(layer: Path) -> tarfile.TarFile:
    with layer.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return tarfile.open(layer, "r:gz" if packed else "r:")
