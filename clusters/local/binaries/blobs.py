"""Downloads blobs so that nothing is lost: a part is kept under its digest until it is whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters.local.binaries.failures import BrokenOff, FetchFailed
from clusters.local.binaries.progress import amount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clusters.local.binaries.image import Layer
    from clusters.local.binaries.registry import Repository

#: How often in a row a connection may break without giving a single byte.
PATIENCE = 3


@dataclass(frozen=True, slots=True)
class Blobs:
    """The folder of blobs that were downloaded for an entry that is not yet whole."""

    folder: Path

    def path(self, layer: Layer) -> Path:
        """Return where a layer lies once it is whole."""
        return self.folder / layer.digest.partition(":")[2]

    def get(self, repository: Repository, layer: Layer, at: Callable[[str], None]) -> Path:
        """Return the file of a layer, downloaded unless it is there; raises FetchFailed.

        What an earlier run left of it is not asked for again. `at` is told how far it is.
        """
        whole = self.path(layer)
        if whole.exists():
            return whole
        self.folder.mkdir(parents=True, exist_ok=True)
        part = whole.with_suffix(".part")
        idle = 0
        while (have := _size(part)) != layer.size:
            try:
                self._append(repository, layer, part, at)
            except BrokenOff as error:
                idle = 0 if _size(part) > have else idle + 1
                if idle == PATIENCE:
                    raise _broken(repository, layer, part, error) from error
        _verify(part, layer, repository)
        part.rename(whole)
        return whole

    def _append(
        self, repository: Repository, layer: Layer, part: Path, at: Callable[[str], None]
    ) -> None:
        have = _size(part)
        if have > layer.size:
            part.unlink()
            have = 0
        with (
            repository.blob(layer.digest, have) as (done, chunks),
            # Unbuffered: what came is there for the next run, also if this one is killed.
            part.open("ab", buffering=0) as file,
        ):
            file.truncate(done)
            for chunk in chunks:
                done += len(chunk)
                if done > layer.size:
                    break
                file.write(chunk)
                at(f"{amount(done)} of {amount(layer.size)}")
        if done > layer.size:
            part.unlink()
            raise FetchFailed(
                f"{repository.reference.registry} sent more than the {layer.size} bytes that "
                f"{layer.digest} has\nHint: --hub=HOST/PATH of another registry"
            )
        if done < layer.size:
            raise BrokenOff(f"{done} of {layer.size} bytes came")


def unfinished(folder: Path) -> int:
    """Return how many bytes lie in a folder of blobs."""
    return sum(path.stat().st_size for path in folder.glob("*"))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _verify(part: Path, layer: Layer, repository: Repository) -> None:
    with part.open("rb") as file:
        found = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    if found != layer.digest:
        part.unlink()
        raise FetchFailed(
            f"{repository.reference.registry} sent {layer.size} bytes with the digest {found} "
            f"instead of {layer.digest}; they were thrown away\n"
            "Hint: run it again, or --hub=HOST/PATH of another registry"
        )


def _broken(repository: Repository, layer: Layer, part: Path, error: BrokenOff) -> FetchFailed:
    return FetchFailed(
        f"{repository.reference.registry} broke off {PATIENCE} times in a row, with {_size(part)} "
        f"of the {layer.size} bytes of {layer.digest} here\nlast seen: {error}\n"
        "Hint: run it again, and it goes on from there"
    )
