"""History: the normalised overhead, run by run."""

from collections.abc import Iterator, Mapping

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
    """Return overhead over no-filter level per run, oldest left; None with a single run.

    The runs are those of one filter, release and figure; each Envoy has a line of its own.
    """
    if len(history) < 2:
        return None
    ordered = sorted(history, key=lambda each: each.time)
    low, high = min(each.low for each in ordered), max(each.high for each in ordered)
    room = (high - low) * 0.08 or 0.01
    up = Scale(max(low - room, 0.0), high + room, _HEIGHT, 6)
    across = Scale(0, len(ordered) - 1, _LEFT + 8, WIDTH - 16)
    values = ticks(up.low, up.high)
    lines: dict[str, list[tuple[float, HistoryPoint]]] = {}
    for number, each in enumerate(ordered):
        lines.setdefault(each.envoy, []).append((across(number), each))
    return Chart(
        title="History",
        caption="overhead / no-filter level, per run; for the eye only: runs at different times"
        " are never judged against each other" + (_UPGRADED if len(lines) > 1 else ""),
        height=_HEIGHT + AXIS,
        marks=(
            *axis_left(up, values, tuple(f"{value * 100:.0f} %" for value in values), _LEFT),
            *(mark for runs in lines.values() for mark in _line(runs, up)),
            *_upgrades(lines),
            Label(_LEFT, _HEIGHT + 15, _words(ordered[0]), "tick"),
            Label(WIDTH - 8, _HEIGHT + 15, _words(ordered[-1]), "tick", "end"),
        ),
    )


_UPGRADED = (
    "; a dashed line is where another Envoy came into use, which changes figures by itself: runs"
    " on two Envoys are not joined"
)


def _line(runs: list[tuple[float, HistoryPoint]], up: Scale) -> Iterator[Mark]:
    for x, each in runs:
        yield from _run(x, each, up)
    yield Path(points((x, up(each.overhead_ratio)) for x, each in runs), "new")


def _upgrades(lines: Mapping[str, list[tuple[float, HistoryPoint]]]) -> Iterator[Mark]:
    if len(lines) < 2:
        return
    for number, (envoy, runs) in enumerate(lines.items()):
        x = runs[0][0]
        if number:
            yield Line(x - 4, 0, x - 4, _HEIGHT, "limit")
        near_the_end = x > WIDTH * 0.75
        yield Label(
            x - 8 if near_the_end else x,
            10 + 11 * (number % 3),
            f"Envoy {envoy}",
            "tick",
            "end" if near_the_end else "start",
        )


def _run(x: float, run: HistoryPoint, up: Scale) -> Iterator[Mark]:
    yield Line(x, up(run.low), x, up(run.high), "whisker")
    words = f"{_words(run)}, Envoy {run.envoy}: {run.overhead_ratio * 100:.1f} %, {run.state}"
    yield Dot(x, up(run.overhead_ratio), "new small", words)


def _words(run: HistoryPoint) -> str:
    return f"{run.time[:16].replace('T', ' ')} {revision(run.commit)}".strip()
