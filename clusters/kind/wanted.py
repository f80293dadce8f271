"""What can be asked of a kind cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STANDIN, UPSTREAM = "standin", "upstream"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of a kind cluster, None where nothing was said.

    `name` is that of the cluster; `keep` leaves it there after the run. `node_image`, `python` and
    `hub` with `tag` name images in place of the public ones.
    """

    name: str | None = None
    keep: bool = False
    kind: Path | None = None
    istioctl: Path | None = None
    node_image: str | None = None
    hub: str | None = None
    tag: str | None = None
    bookinfo: str = STANDIN
    python: str | None = None
    allow_version_skew: bool = False
