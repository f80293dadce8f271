"""Where the evidence of a failed check is kept; imports nothing heavy, every session asks."""

from __future__ import annotations

import hashlib
import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME_LIMIT = 100


def folder_for(reports: Path, nodeid: str) -> Path:
    """Return the evidence folder of a test, unique also when its name must be cut."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", nodeid).strip("-")
    if len(plain) > NAME_LIMIT or plain != nodeid:
        digest = hashlib.sha256(nodeid.encode("utf-8", "replace")).hexdigest()[:8]
        plain = f"{plain[:NAME_LIMIT]}-{digest}"
    return reports / "evidence" / plain


def clear(reports: Path) -> None:
    """Remove the evidence of an earlier run, and nothing that `evidence.write` did not write."""
    for left in (reports / "evidence").glob("*/patches.txt"):
        shutil.rmtree(left.parent, ignore_errors=True)
