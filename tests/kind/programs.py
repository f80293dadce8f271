"""Programs that stand for kind and istioctl: real processes that say what a test wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def script(path: Path, *lines: str) -> Path:
    """Return an executable of a few lines of sh."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def kind(folder: Path, *lines: str, version: str = "kind version 0.33.0") -> Path:
    """Return a kind that tells its version, and otherwise runs some lines."""
    return script(folder / "kind", f'[ "$1" = --version ] && echo "{version}" && exit', *lines)


def istioctl(folder: Path, version: str = "1.31.0", *lines: str) -> Path:
    """Return an istioctl of a release, which otherwise runs some lines."""
    said = f'{{"clientVersion": {{"version": "{version}"}}}}'
    return script(folder / "istioctl", f"[ \"$1\" = version ] && echo '{said}' && exit", *lines)
