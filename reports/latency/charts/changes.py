"""The strip: one point per session, between the thresholds. The picture of the verdict."""

from collections.abc import Iterator

from reports.latency.charts.drawing import (
    AXIS,
    WIDTH,
    Box,
    Chart,
    Dot,
    Label,
    Line,
    Mark,
    Scale,
    axis_below,
    ticks,
)
from reports.latency.finding import Bounds, LatencyFinding
from reports.latency.wording import percent, percents

_HEIGHT = 84.0
_SESSIONS, _INTERVAL = 28.0, 64.0


def changes(found: LatencyFinding) -> Chart | None:
    """Return the change against the reference, or else how well copies of the module agree."""
    gate = found.judged
    if gate.delta and gate.threshold:
        return _strip(
            "Against the reference",
            "one point per session, below them the interval; outside the dashed lines"
            f" ({percent(gate.threshold).lstrip('+')}) it counts; the band is what copies of one"
            " module differ by",
            gate.delta,
            gate.aa,
            gate.threshold,
        )
    if gate.aa:
        return _strip(
            "Copies of one module",
            "one point per session, below them the interval: no reference to compare with, so this"
            " is noise alone",
            gate.aa,
            None,
            None,
        )
    return None


def _strip(
    title: str, caption: str, delta: Bounds, band: Bounds | None, limit: float | None
) -> Chart:
    seen = [*delta.values, delta.low, delta.high, limit or 0.0, -(limit or 0.0)]
    seen += [band.low, band.high] if band else []
    reach = max(abs(value) for value in seen) * 1.1 or 0.01
    scale = Scale(-reach, reach, 14, WIDTH - 14)
    values = ticks(-reach, reach)
    texts = tuple(percent(value) if value else "0" for value in values)
    return Chart(
        title=title,
        caption=caption,
        height=_HEIGHT + AXIS,
        marks=(
            *_band(scale, band),
            *axis_below(scale, values, texts, _HEIGHT),
            Line(scale(0), 0, scale(0), _HEIGHT, "zero"),
            *_limits(scale, limit),
            *_points(scale, delta),
        ),
    )


def _band(scale: Scale, band: Bounds | None) -> Iterator[Mark]:
    if band:
        left, right = scale(band.low), scale(band.high)
        yield Box(left, 0, right - left, _HEIGHT, "band")
        yield Label(left + 3, 11, "A/A", "tick")


def _limits(scale: Scale, limit: float | None) -> Iterator[Mark]:
    if limit:
        for value in (-limit, limit):
            yield Line(scale(value), 0, scale(value), _HEIGHT, "limit")


def _points(scale: Scale, delta: Bounds) -> Iterator[Mark]:
    for number, value in enumerate(delta.values, 1):
        # Points that fall together stay countable one above the other.
        lift = (number % 3 - 1) * 7
        yield Dot(scale(value), _SESSIONS + lift, "session", f"session {number}: {percent(value)}")
    left, right = scale(delta.low), scale(delta.high)
    yield Box(left, _INTERVAL - 3, max(right - left, 1), 6, "new pale")
    yield Dot(scale(delta.estimate), _INTERVAL, "new", percents(delta))
