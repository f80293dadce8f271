"""What a program's last words most likely mean, and what to do then."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_ROWS = tomllib.loads(Path(__file__).with_name("causes.toml").read_text())["cause"]
_CAUSES = [(re.compile(row["words"]), row["cause"], row["hint"]) for row in _ROWS]


def explain(said: str, *, otherwise: str) -> str:
    """Return the likely cause and a hint as two lines, for words nobody knows only the hint."""
    for words, cause, hint in _CAUSES:
        if words.search(said):
            return f"likely cause: {cause}\nHint: {hint}"
    return f"Hint: {otherwise}"
