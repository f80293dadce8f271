"""What an agent makes of one response, real or embedded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Told:
    """What reaches the proxy, what the agent said of modules it could not get, and its NACK.

    `resources` is None where it held the response back.
    """

    resources: dict[str, dict[str, Any]] | None
    removed: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    nack: str = ""
