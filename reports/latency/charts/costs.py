"""The forest: what each arm adds, with its interval."""

from collections.abc import Iterator

from reports.latency.charts.drawing import (
    AXIS,
    ROW,
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
from reports.latency.finding import LatencyFinding
from reports.latency.measurement import ARMS, Arm
from reports.latency.wording import AT, time, times

WORDS: dict[Arm, str] = {
    "none": "no filter",
    "empty": "empty filter",
    "native": "native",
    "ref": "reference",
    "new": "this filter",
}
_LEFT = 82.0


def costs(found: LatencyFinding) -> Chart:
    """Return the overhead of each arm over no filter, which stands at 0."""
    gate = found.judged
    arms = [arm for arm in ARMS if arm in gate.overheads]
    reach = [gate.overheads[arm].high for arm in arms] + [found.budget_ns or 0.0]
    low = min(0.0, *(gate.overheads[arm].low for arm in arms))
    scale = Scale(low, max(reach) * 1.04 or 1.0, _LEFT, WIDTH - 10)
    height = ROW * (len(arms) + 1)
    return Chart(
        title="What each adds",
        caption=f"{AT[found.gate]}, over no filter ({time(gate.level.estimate)});"
        f" bars are {found.confidence * 100:g} % intervals"
        + (", the dashed line is the budget" if found.budget_ns else ""),
        height=height + AXIS,
        marks=(
            *_axis(scale, height),
            *_rows(found, arms, scale),
            *(
                [Line(scale(found.budget_ns), 0, scale(found.budget_ns), height, "limit")]
                if found.budget_ns
                else []
            ),
        ),
    )


def _axis(scale: Scale, height: float) -> Iterator[Mark]:
    values = ticks(scale.low, scale.high)
    yield from axis_below(scale, values, tuple(time(value) for value in values), height)


def _rows(found: LatencyFinding, arms: list[Arm], scale: Scale) -> Iterator[Mark]:
    yield Label(_LEFT - 8, ROW / 2 + 4, WORDS["none"], "name", "end")
    yield Dot(scale(0), ROW / 2, "none", f"no filter {times(found.judged.level)}")
    for number, arm in enumerate(arms, 1):
        cost, y = found.judged.overheads[arm], ROW * number + ROW / 2
        yield Label(_LEFT - 8, y + 4, WORDS[arm], "name", "end")
        yield Box(
            scale(cost.low), y - 3, max(scale(cost.high) - scale(cost.low), 1), 6, f"{arm} pale"
        )
        yield Dot(scale(cost.estimate), y, arm, f"{WORDS[arm]} {times(cost)}")
