"""How far a download or a build is: one line that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

#: Where nothing can be overwritten, a line this often says that the work goes on.
EVERY_SECONDS = 30.0
CLEAR = "\r\x1b[K"


@dataclass(slots=True)
class Progress:
    """Writes to `screen`; `moves` tells whether a line on it can be overwritten."""

    screen: TextIO = field(default_factory=lambda: sys.stderr)
    moves: bool = field(default_factory=lambda: sys.stderr.isatty())
    _shown: str = ""
    _last: float = field(default_factory=lambda: time.monotonic())

    def line(self, text: str) -> None:
        """Show a line that stays."""
        self._write(f"{CLEAR if self._shown else ''}{text}\n")
        self._shown = ""
        self._last = time.monotonic()

    def at(self, text: str) -> None:
        """Show how far the work is; the next one takes its place."""
        if self.moves:
            if text != self._shown:
                self._write(f"{CLEAR}  {text}")
                self._shown = text
        elif time.monotonic() - self._last >= EVERY_SECONDS:
            self.line(f"  {text}")

    def done(self) -> None:
        """Leave the screen without a half line."""
        if self._shown:
            self._write(CLEAR)
            self._shown = ""

    def _write(self, text: str) -> None:
        self.screen.write(text)
        self.screen.flush()


def amount(octets: int) -> str:
    """Return a number of bytes as people read it, "12.3 MB"."""
    return f"{octets / 1e6:.1f} MB"
