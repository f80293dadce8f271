"""History: the normalised overhead, run by run."""

from collections.abc import Iterator

from reports.latency.charts.drawing import (
    AXIS,
    WIDTH,
    Chart,
    Dot,
    Label,
    Line,
    Mark,
    Path,
    Scale,
    axis_left,
    points,
    ticks,
)
from reports.latency.finding import HistoryPoint
from reports.latency.wording import revision

_LEFT, _HEIGHT = 42.0, 130.0


def past(history: tuple[HistoryPoint, ...]) -> Chart | None:
    """Return overhead over no-filter level per run, oldest left; None with a single run."""
    if len(history) < 2:
        return None
    low, high = min(each.low for each in history), max(each.high for each in history)
    room = (high - low) * 0.08 or 0.01
    up = Scale(max(low - room, 0.0), high + room, _HEIGHT, 6)
    across = Scale(0, len(history) - 1, _LEFT + 8, WIDTH - 16)
    values = ticks(up.low, up.high)
    spots = [(across(number), up(each.overhead_ratio)) for number, each in enumerate(history)]
    return Chart(
        title="History",
        caption="overhead / no-filter level, per run; for the eye only: runs at different times"
        " are never judged against each other",
        height=_HEIGHT + AXIS,
        marks=(
            *axis_left(up, values, tuple(f"{value * 100:.0f} %" for value in values), _LEFT),
            *(mark for at, each in enumerate(history) for mark in _run(across(at), each, up)),
            Path(points(iter(spots)), "new"),
            Label(_LEFT, _HEIGHT + 15, _words(history[0]), "tick"),
            Label(WIDTH - 8, _HEIGHT + 15, _words(history[-1]), "tick", "end"),
        ),
    )


def _run(x: float, run: HistoryPoint, up: Scale) -> Iterator[Mark]:
    yield Line(x, up(run.low), x, up(run.high), "whisker")
    words = f"{_words(run)}: {run.overhead_ratio * 100:.1f} %, {run.state}"
    yield Dot(x, up(run.overhead_ratio), "new small", words)


def _words(run: HistoryPoint) -> str:
    return f"{run.time[:16].replace('T', ' ')} {revision(run.commit)}".strip()
