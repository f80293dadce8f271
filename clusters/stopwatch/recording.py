"""What the stopwatch saw, before any statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from clusters.stopwatch.arms import Role
    from clusters.stopwatch.environment import Disturbance, Machine


class Timed(Protocol):
    """An arm, whatever puts it into a proxy."""

    @property
    def role(self) -> Role:
        """Return what it is for."""

    @property
    def copy(self) -> int:
        """Return which of the same it is."""

    @property
    def acting(self) -> bool:
        """Return whether its answers show what the filter does."""

    @property
    def name(self) -> str:
        """Return the name of its listener."""


@dataclass(frozen=True, slots=True)
class Block:
    """A burst of requests to one arm; a round holds two for each (palindrome).

    `spans` are two times in ns for each request that the arm's log tells of, see accesslog; `bad`
    counts the answers that were not what they must be, those that never came among them.
    """

    session: int
    round: int
    arm: Timed
    spans: tuple[tuple[int, ...], tuple[int, ...]]
    cpu_ns: int
    requests: int
    bad: int


@dataclass(frozen=True, slots=True)
class Session:
    """One proxy from start to stop: what it did busy, with one connection, with an application.

    `lines` counts what its logs tell of any block. `complaints` are the first bad answers, by arm.
    """

    busy: tuple[Block, ...]
    idle: tuple[Block, ...]
    ways: tuple[Block, ...]
    lines: int
    complaints: tuple[str, ...]
    ready_seconds: float


@dataclass(frozen=True, slots=True)
class Recording:
    """Several sessions, and where and how they were taken.

    `without_clock` says why spans are not told, "" where they are; `promises` whether every answer
    of a filter was seen to show that it acts. `facts` are told beside the figures.
    """

    sessions: tuple[Session, ...]
    started: datetime
    seed: int
    mode: str
    machine: Machine
    disturbance: Disturbance
    envoy: str
    without_clock: str
    promises: bool
    facts: Mapping[str, str]
