"""The folder that keeps between runs what is costly to get; rooms share it, each with its names."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

NAME = "istio-wasm-conformance"


class CacheUnwritable(RuntimeError):
    """The cache folder cannot be written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        """Say which folder, why, and how to choose another one."""
        super().__init__(
            f"cannot write the cache {folder}: {error.strerror or error}\n"
            f"Hint: XDG_CACHE_HOME={Path(tempfile.gettempdir()) / 'cache'} in front of the command"
        )


def folder() -> Path:
    """Return the cache folder, which need not exist yet (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification: a relative path is to be ignored.
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / NAME
