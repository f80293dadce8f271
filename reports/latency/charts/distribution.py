"""The distribution of each arm: two speeds of one filter show here and nowhere else."""

from collections.abc import Iterator

from reports.latency.charts.costs import WORDS
from reports.latency.charts.drawing import (
    AXIS,
    WIDTH,
    Chart,
    Dot,
    Mark,
    Path,
    Scale,
    axis_below,
    axis_left,
    decades,
    points,
    ticks,
)
from reports.latency.finding import SHARES, Curve, LatencyFinding
from reports.latency.wording import time

_LEFT, _HEIGHT = 42.0, 168.0
_MARKED = {0.25: "p25", 0.5: "p50", 0.99: "p99"}
_FEWEST = 3
"""Numbers on an axis below which no one can read a distance."""


def distribution(found: LatencyFinding) -> Chart | None:
    """Return the share of requests that were done within a time, by arm; times by decades."""
    curves = [curve for curve in found.curves if min(curve.ns) > 0]
    if not curves:
        return None
    low = min(min(curve.ns) for curve in curves)
    high = max(max(curve.ns) for curve in curves)
    across = Scale(low * 0.95, high * 1.05, _LEFT, WIDTH - 10, log=True)
    up = Scale(0, 1, _HEIGHT, 8)
    values = _readable(decades(across.low, across.high), across)
    return Chart(
        title="Distribution",
        caption="share of requests done within a time (logarithmic), all sessions together; the"
        " points are p25, p50 and p99",
        height=_HEIGHT + AXIS,
        marks=(
            *axis_below(across, values, tuple(time(value) for value in values), _HEIGHT),
            *axis_left(up, (0, 0.25, 0.5, 0.75, 1), ("0", "25 %", "50 %", "75 %", "100 %"), _LEFT),
            *(mark for curve in curves for mark in _curve(curve, across, up)),
        ),
        legend=tuple((curve.arm, WORDS[curve.arm]) for curve in curves),
    )


def _readable(values: tuple[float, ...], across: Scale) -> tuple[float, ...]:
    """Return as many as fit, or round numbers where the times lie too close for decades."""
    if len(values) >= _FEWEST:
        return values[:: 1 + len(values) // 6]
    return ticks(across.low, across.high)


def _curve(curve: Curve, across: Scale, up: Scale) -> Iterator[Mark]:
    steps = zip(curve.ns, SHARES, strict=True)
    yield Path(points((across(ns), up(share)) for ns, share in steps), curve.arm)
    for ns, share in zip(curve.ns, SHARES, strict=True):
        if share in _MARKED:
            words = f"{WORDS[curve.arm]} {_MARKED[share]} {time(ns)}"
            yield Dot(across(ns), up(share), f"{curve.arm} small", words)
