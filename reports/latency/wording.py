"""Times, intervals and the sentences that are made of them."""

from collections.abc import Mapping
from typing import Protocol

from reports.latency.estimates import Estimates, Figure

AT: Mapping[Figure, str] = {
    "p25": "per request at p25",
    "p50": "per request at p50",
    "mean": "per request on average",
    "p99": "per request at p99",
    "p99.5": "per request at p99.5",
    "cpu": "of CPU time per request",
    "last-byte": "to the last byte at p50",
    "request-path": "on the request path at p50",
    "response-path": "on the response path at p50",
}
"""How a figure stands in a sentence, after a time."""


class Span(Protocol):
    """An estimate and the ends of its interval."""

    @property
    def estimate(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


def time(ns: float) -> str:
    """Return ``324 ns``, ``1.84 µs`` or ``2.50 ms``."""
    unit, scale, digits = _unit(ns)
    return f"{ns / scale:.{digits}f} {unit}"


def times(interval: Span) -> str:
    """Return ``1.84 µs [1.77, 1.91]``, the ends in the estimate's unit."""
    _, scale, digits = _unit(interval.estimate)
    low, high = interval.low / scale, interval.high / scale
    return f"{time(interval.estimate)} [{low:.{digits}f}, {high:.{digits}f}]"


def percent(share: float) -> str:
    """Return ``+5.2 %``."""
    return f"{share * 100:+.{_digits(share)}f} %"


def percents(interval: Span) -> str:
    """Return ``+5.2 % [+4.4, +6.0]``."""
    low, high = interval.low * 100, interval.high * 100
    digits = _digits(interval.estimate)
    return f"{percent(interval.estimate)} [{low:+.{digits}f}, {high:+.{digits}f}]"


def revision(commit: str) -> str:
    """Return a commit as short as a table needs it, still telling that files differed from it."""
    name, dash, state = commit.partition("-")
    return f"{name[:7]}{dash}{state}"


def sentence(estimates: Estimates) -> str:
    """Return what a filter adds, in one sentence that can be quoted."""
    figure = estimates.figures[estimates.gate]
    native = f"{figure.ratio.estimate:.1f} × native, " if figure.ratio else ""
    return (
        f"{estimates.filter} adds {times(figure.overheads['new'])} {AT[estimates.gate]}"
        f" ({native}no-filter {time(figure.level.estimate)})"
    )


def _digits(share: float) -> int:
    return 1 if abs(share) < 1 else 0


def _unit(ns: float) -> tuple[str, float, int]:
    if abs(ns) < 1e3:
        return "ns", 1, 0
    return ("µs", 1e3, 2) if abs(ns) < 1e6 else ("ms", 1e6, 2)
