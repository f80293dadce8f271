"""Runs a program to its end: within a time, its output in a file, dead with the run."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import processes, waiting
from clusters.kind import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_WORDS = re.compile(r"[A-Za-z0-9]")
LINES = 12
#: More than most programs print.
ROOM_BYTES = 1 << 14


class CallFailed(Exception):
    """A program ended badly, or not in time; `said` is the end of what it printed.

    `code` is its exit code, None where it was ended.
    """

    def __init__(self, what: str, how: str, said: str, code: int | None = None) -> None:
        super().__init__(f"{what} {how}\nlast seen:\n{said or '(it printed nothing)'}")
        self.said = said
        self.code = code


@dataclass(frozen=True, slots=True)
class Caller:
    """Runs programs on behalf of one cluster; what they print is kept in `folder`.

    With a `log` it goes there instead, room or not.
    """

    folder: Path
    log: Path | None = None

    def run(
        self,
        what: str,
        command: Sequence[str | Path],
        *,
        within: float,
        environment: Mapping[str, str] | None = None,
        hopeless: Callable[[], str] = lambda: "",
    ) -> str:
        """Return what a command printed, `what` being its name for people.

        It works in the folder, and ends with this run whatever becomes of it. `hopeless` is asked
        meanwhile, and ends it as soon as it gives a reason. Raises CallFailed,
        processes.ProcessFailed, and OSError where what it prints finds no room.
        """
        log = self.log or self.folder / f"{what.replace(' ', '-')}.log"
        if self.log is None:
            log.unlink(missing_ok=True)
            roomy(self.folder)
        child = processes.start(
            what,
            [str(part) for part in command],
            log=log,
            folder=self.folder,
            environment=environment,
        )

        def over() -> int | str | None:
            interrupts.check()
            code = child.ended()
            return code if code is not None else hopeless() or None

        try:
            end = waiting.until(
                over,
                lambda seen: seen is not None,
                what=f"the end of {what}",
                within=within,
                every=0.02,
            )
        except waiting.TimedOut as error:
            raise self._failed(what, f"did not end within {within:g} s", log) from error
        finally:
            child.stop()  # Ctrl-C, too
        if isinstance(end, str):
            raise self._failed(what, f"was broken off: {end}", log)
        if end != 0:
            raise self._failed(what, f"ended with {end}", log, end)
        return log.read_text(errors="replace")

    def _failed(self, what: str, how: str, log: Path, code: int | None = None) -> CallFailed:
        said = tail(log)
        try:
            roomy(self.folder)
        except OSError as error:  # then it may not have been able to say so
            said = f"{said}\n{error}".lstrip()
        return CallFailed(what, how, said, code)


def roomy(folder: Path) -> Path:
    """Return the folder, which has room for what a program prints; raises OSError."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
        if probe.write(bytes(ROOM_BYTES)) < ROOM_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    return folder


def tail(log: Path) -> str:
    """Return the last lines of a program's output, without what moves a cursor."""
    # As bytes: read as text, a carriage return would be a line's end.
    text = log.read_bytes().decode("utf-8", "replace") if log.exists() else ""
    lines = [_ESCAPES.sub("", line).rpartition("\r")[2].rstrip() for line in text.split("\n")]
    # istioctl draws a sailing boat.
    return "\n".join([line for line in lines if _WORDS.search(line)][-LINES:])
