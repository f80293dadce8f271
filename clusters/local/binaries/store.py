"""The cache of binaries: one folder per release and origin, whole or not there, with a record.

<cache>/istio/1.24.0-built-linux-amd64/{pilot-discovery,pilot-agent,record.json}
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import cache
from clusters.local.binaries import executables

if TYPE_CHECKING:
    from pathlib import Path

RECORD = "record.json"
BUILT, IMAGES = "built", "images"


class Corrupted(RuntimeError):
    """A file in the cache is not what was put there."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file was when it was put there: its sha256, and what tells a change at a glance."""

    sha256: str
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """The binaries of one release from one origin.

    `kind` is BUILT or IMAGES, `origin` a phrase for people, `hub` where images came from ("" for a
    build), `platform` "linux-amd64", `files` the stamp of each file by its name.
    """

    folder: Path
    version: str
    kind: str
    origin: str
    hub: str
    platform: str
    files: dict[str, Stamp]

    def path(self, name: str) -> Path | None:
        """Return the path of a file, None where the entry has none of that name."""
        return self.folder / name if name in self.files else None

    def check(self, *, thorough: bool = False) -> None:
        """Raise Corrupted where a file changed; only `thorough` reads files that look untouched."""
        for name, stamp in self.files.items():
            path = self.folder / name
            try:
                now = path.stat()
            except OSError as error:
                raise self._corrupted(f"{name} cannot be read: {error.strerror}") from error
            if now.st_size != stamp.size:
                raise self._corrupted(f"{name} has {now.st_size} bytes instead of {stamp.size}")
            looks_new = now.st_mtime_ns != stamp.changed_ns
            if (thorough or looks_new) and (found := sha256(path)) != stamp.sha256:
                raise self._corrupted(f"{name} has the sha256 {found} instead of {stamp.sha256}")

    def _corrupted(self, reason: str) -> Corrupted:
        verb = "build" if self.kind == BUILT else "fetch"
        # A version between releases is asked for by the release that it stands for.
        asked = ".".join(self.version.split(".")[:2]) if "-" in self.version else self.version
        hub = f" --hub={self.hub}" if self.hub else ""
        return Corrupted(
            f"the cached binaries of Istio {self.version} are damaged: {reason}\n"
            f"last seen: {self.folder}\n"
            f"Hint: python -m clusters binaries {verb} --istio={asked}{hub}"
        )


def root() -> Path:
    """Return the folder of all entries, which need not exist yet."""
    return cache.folder() / "istio"


def blobs() -> Path:
    """Return the folder of what was downloaded for entries that are not yet whole."""
    return root() / "blobs"


def platform() -> str:
    """Return what this machine runs, "linux-amd64"."""
    return f"{sys.platform}-{executables.architecture()}"


def sha256(path: Path) -> str:
    """Return the sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entries() -> list[Entry]:
    """Return the entries for this machine, oldest version first."""
    found = (read(record.parent) for record in root().glob(f"[!.]*/{RECORD}"))
    mine = [entry for entry in found if entry and entry.platform == platform()]
    return sorted(mine, key=lambda entry: (_numbers(entry.version), entry.kind, entry.hub))


def read(folder: Path) -> Entry | None:
    """Return the entry in a folder, None where there is no whole one."""
    try:
        row = json.loads((folder / RECORD).read_text())
        files = {name: Stamp(**stamp) for name, stamp in row.pop("files").items()}
        return Entry(folder=folder, files=files, **row)
    except (OSError, AttributeError, KeyError, TypeError, ValueError):
        return None  # an older layout, or damaged: as good as not there


def _numbers(version: str) -> tuple[int, ...]:
    released, _, _ = version.partition("-")
    return tuple(int(part) if part.isdigit() else 0 for part in released.split("."))
