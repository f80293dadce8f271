"""Bars of the cost split: where the time goes."""

from collections.abc import Iterator

from reports.latency.charts.drawing import (
    AXIS,
    WIDTH,
    Box,
    Chart,
    Label,
    Line,
    Mark,
    Scale,
    axis_below,
    ticks,
)
from reports.latency.finding import LatencyFinding, PartFinding
from reports.latency.wording import time, times

_LEFT, _ROW = 130.0, 36.0


def shares(found: LatencyFinding) -> Chart | None:
    """Return one bar per part of the cost, with its interval as a line."""
    if not found.parts:
        return None
    low = min(0.0, *(part.cost.low for part in found.parts))
    high = max(part.cost.high for part in found.parts)
    scale = Scale(low, max(high * 1.04, 1.0), _LEFT, WIDTH - 10)
    height = _ROW * len(found.parts)
    values = ticks(scale.low, scale.high, 3)
    return Chart(
        title="Where the time goes",
        caption="after the last byte: CPU time that no duration shows, logging and cleaning up"
        " among it; lines are intervals",
        height=height + AXIS,
        marks=(
            *axis_below(scale, values, tuple(time(value) for value in values), height),
            *(mark for at, part in enumerate(found.parts) for mark in _bar(at, part, scale)),
        ),
    )


def _bar(number: int, part: PartFinding, scale: Scale) -> Iterator[Mark]:
    y, cost = _ROW * number + 24, part.cost
    left, right = sorted((scale(0), scale(cost.estimate)))
    yield Label(_LEFT - 8, y + 4, part.name, "name", "end")
    yield Box(left, y - 6, max(right - left, 1), 12, "new bar")
    yield Line(scale(cost.low), y, scale(cost.high), y, "whisker")
    yield Label(WIDTH - 10, y - 10, times(cost), "tick", "end")
