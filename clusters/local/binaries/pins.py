"""Which version of the Go module istio.io/istio stands for which release.

pins.toml lists them; beside it is a folder per pin with the go.mod and go.sum of a module of ours
that needs nothing but Istio, so that a build is the same on every machine.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.release import Release

MODULE = "istio.io/istio"
_MINOR = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Pin:
    """One buildable version: as its binaries name it ("1.24.0"), and of the Go module.

    `folder` holds go.mod and go.sum.
    """

    version: str
    module: str
    folder: Path


def load(table: Path) -> tuple[Pin, ...]:
    """Return the pins of a table in TOML, in its order; their folders lie beside it."""
    rows = tomllib.loads(table.read_text())
    return tuple(
        Pin(version, row["module"], table.parent / row["folder"]) for version, row in rows.items()
    )


KNOWN: tuple[Pin, ...] = load(Path(__file__).parent / "pins" / "pins.toml")
"""Every version that can be built, oldest first."""


def matches(release: Release, version: str) -> bool:
    """Tell whether a binary of this version is the release that was asked for.

    Asked for by its minor ("1.24"), a release is any of its patches; by a patch, only that one.
    """
    if release.exact:
        return version == release.version
    minor = _MINOR.match(version)
    return minor is not None and minor[0] == release.name


def of_release(release: Release, known: tuple[Pin, ...] = KNOWN) -> Pin | None:
    """Return the newest pin of a release, None where nobody knows a module version for it."""
    fitting = [pin for pin in known if matches(release, pin.version)]
    return fitting[-1] if fitting else None


def of_module(module: str, known: tuple[Pin, ...] = KNOWN) -> Pin | None:
    """Return the pin of a version of the Go module."""
    return next((pin for pin in known if pin.module == module), None)
