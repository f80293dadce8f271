"""Memory against workers."""

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
    points,
    ticks,
)
from reports.latency.finding import LatencyFinding, MemoryRow
from reports.latency.measurement import ARMS

_LEFT, _HEIGHT = 42.0, 130.0
_HELD = "anonymous memory of the whole process (Pss_Anon)"
_ALLOCATED = "memory that the whole process says it has allocated"


def memory(found: LatencyFinding) -> Chart | None:
    """Return the memory of the process, by arm and number of workers."""
    if not found.memory:
        return None
    own = all(row.pss_anon is not None for row in found.memory)
    workers = tuple(sorted({row.workers for row in found.memory}))
    most = max(row.held for row in found.memory)
    up = Scale(0, most * 1.06, _HEIGHT, 6)
    across = Scale(0, workers[-1], _LEFT, WIDTH - 16)
    values = ticks(0, up.high)
    arms = [arm for arm in ARMS if any(row.arm == arm for row in found.memory)]
    return Chart(
        title="Memory against workers",
        caption=f"{_HELD if own else _ALLOCATED} after load, MB",
        height=_HEIGHT + AXIS,
        marks=(
            *axis_below(across, workers, tuple(str(number) for number in workers), _HEIGHT),
            *axis_left(up, values, tuple(f"{value / 1e6:.0f}" for value in values), _LEFT),
            *(
                mark
                for arm in arms
                for mark in _arm([row for row in found.memory if row.arm == arm], across, up)
            ),
        ),
        legend=tuple((arm, WORDS[arm]) for arm in arms),
    )


def _arm(rows: list[MemoryRow], across: Scale, up: Scale) -> Iterator[Mark]:
    ordered = sorted(rows, key=lambda row: row.workers)
    arm = ordered[0].arm
    yield Path(points((across(row.workers), up(row.held)) for row in ordered), arm)
    for row in ordered:
        words = (
            f"{WORDS[arm]}, {row.workers} workers: {row.held / 1e6:.1f} MB, {row.machines} machines"
        )
        yield Dot(across(row.workers), up(row.held), f"{arm} small", words)
