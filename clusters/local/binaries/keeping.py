"""Puts binaries into the cache: one process at a time, whole or not at all."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from clusters import cache
from clusters.local.binaries import store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Longer than a cold build or a slow download takes.
SECONDS = 7200.0
#: What a hub has and a file's name cannot, by characters that no hub has.
_IN_NAMES = str.maketrans("/:", "+=")


@dataclass(frozen=True, slots=True)
class Key:
    """What an entry is looked up by: the version, store.BUILT or store.IMAGES, the hub."""

    version: str
    kind: str
    hub: str = ""

    @property
    def name(self) -> str:
        """Return the name of the entry's folder."""
        hub = f"-{self.hub.translate(_IN_NAMES)}" if self.hub else ""
        return f"{self.version}-{self.kind}{hub}-{store.platform()}"


def keep(
    key: Key, fill: Callable[[Path, Path], str], *, tell: Callable[[str], None]
) -> tuple[store.Entry, bool]:
    """Return the entry of a key, made by `fill` unless it is there, and whether it was made.

    `fill(files, work)` puts the files into the first folder, may use the second, and returns the
    entry's origin. An entry that is damaged is made again. `tell` takes a line for the user.
    Raises cache.CacheUnwritable, and what `fill` raises.
    """
    root = store.root()
    target = root / key.name
    with alone(root / f".{key.name}.lock", f"another process that gets {key.version}", tell):
        if (there := store.read(target)) is not None:
            try:
                there.check(thorough=True)
                return there, False
            except store.Corrupted as error:
                tell(f"{str(error).splitlines()[0]}; it is made again")
        with staging(root / f".{key.name}.unfinished") as made_in:
            files, work = made_in / "files", made_in / "work"
            files.mkdir()
            work.mkdir()
            origin = fill(files, work)
            _record(files, key, origin)
            replace(target, files)
    made = store.read(target)
    assert made is not None, f"{target} was written just now"
    return made, True


@contextmanager
def alone(lock_file: Path, what: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Let one process at a time be in the block; `what` names the others to a user who waits.

    Raises cache.CacheUnwritable.
    """
    import filelock  # 20 ms that a run which only looks does not pay

    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(lock_file)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            tell(f"{what} is at work; waiting for it")
            lock.acquire(timeout=SECONDS)
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise cache.CacheUnwritable(lock_file.parent, error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that is gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _record(files: Path, key: Key, origin: str) -> None:
    stamps = {path.name: asdict(_stamp(path)) for path in sorted(files.iterdir())}
    row = {
        "version": key.version,
        "kind": key.kind,
        "origin": origin,
        "hub": key.hub,
        "platform": store.platform(),
        "files": stamps,
    }
    (files / store.RECORD).write_text(json.dumps(row, indent=1) + "\n")


def _stamp(path: Path) -> store.Stamp:
    seen = path.stat()
    return store.Stamp(store.sha256(path), seen.st_size, seen.st_mtime_ns)


def replace(target: Path, files: Path) -> None:
    """Put a folder that is whole where the `target` may be, which is then gone."""
    damaged = files.parent / "damaged"
    if target.exists():
        target.rename(damaged)
    files.rename(target)
