"""A filter that is measured, and what it is measured beside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Subject:
    """A filter that is measured: its arms, what is asked of them, and what it may cost.

    `modules` holds the sha256 of each arm's module, `budget` a latency.Budget or None. `commit` is
    the filter's, and `facts` what else is told beside each figure.
    """

    label: str
    release: str
    arms: tuple[Any, ...]
    load: Any
    modules: Mapping[str, str]
    budget: Any
    commit: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
