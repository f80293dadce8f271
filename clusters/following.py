"""A log that grows, read line by line as it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(slots=True)
class Follower:
    """Gives each whole line of a log once; a line that is still being written comes later."""

    log: Path
    position: int = 0

    def new_lines(self) -> Iterator[str]:
        """Yield the lines that were completed since the last call."""
        if not self.log.exists():
            return
        with self.log.open("rb") as file:
            file.seek(self.position)
            read = file.read()
        whole = read[: read.rfind(b"\n") + 1]
        self.position += len(whole)
        yield from whole.decode("utf-8", "replace").splitlines()
