"""From blocks to overheads with intervals: the chain of statistics, figure by figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.latency.measurement import Arm, Measurement

Figure = Literal["p25", "p50", "mean", "p99", "cpu", "last-byte", "request-path", "response-path"]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the ends of its interval, from one value per session."""

    estimate: float
    low: float
    high: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FigureEstimate:
    """One figure of every arm; ns per request, deltas as fractions (0.05 is +5 %)."""

    figure: Figure
    level: Interval
    """The arm without a filter."""
    overheads: Mapping[Arm, Interval]
    """Each other arm, over ``none``."""
    delta: Interval | None
    """new/ref − 1, on overheads; None without a reference."""
    change: Interval | None
    """new − ref in ns; None without a reference."""
    aa: Interval | None
    """The worst comparison of one copy with the others of the same module; truly 0."""
    ratio: Interval | None
    """new/native, on overheads; None without a native equivalent."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Everything that is computed of one measurement, before it is judged."""

    filter: str
    figures: Mapping[Figure, FigureEstimate]
    idle: FigureEstimate | None
    confidence: float
    sessions: int
    machines: int
    """Copies of the candidate in one process."""
    requests: int
    bad: int
    missing: int
    """Requests that the access log does not know, or lines too many."""


def estimate(measurement: Measurement, *, confidence: float = 0.95) -> Estimates:
    """Return the figures of a measurement with intervals over its sessions."""
    raise NotImplementedError
