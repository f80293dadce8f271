"""What a program of this machine says of itself, with bounds for one that says nothing."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 30.0


class Useless(Exception):
    """A program does not run here, or ends in failure; the text is the reason, for a sentence."""


def ask(path: Path, *arguments: str) -> str:
    """Return what a program prints when it is run with some arguments; raises Useless."""
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()[-200:] or "nothing"
        raise Useless(f"it ended with {error.returncode} and said: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Useless(f"it does not run here: {error}") from error
    return done.stdout
