"""Findings in the formats that other tools read."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from reports.latency import history
from reports.latency.assembly import point
from reports.latency.finding import HistoryPoint, LatencyFinding
from reports.latency.measurement import ARMS

_COLUMNS = (
    *("time", "commit", "filter", "release", "figure", "overhead_ratio", "low", "high"),
    *("overhead_ns", "level_ns", "state", "module", "envoy"),
)


def benchfmt(findings: Sequence[LatencyFinding]) -> str:
    """Return Go's benchmark format: one line per session, so that benchstat sees the spread.

    ``level`` is the arm without a filter; every other arm stands with its overhead.
    """
    return "".join(f"{line}\n" for found in findings for line in _benchmarks(found))


def table(points: Iterable[HistoryPoint]) -> str:
    """Return CSV, series by series and oldest first: for Otava ``overhead_ratio``, never ns.

    Otava takes all rows for one series, so give it one at a time.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for found in history.by_series(points).values():
        for each in found:
            rows.writerow(getattr(each, name) for name in _COLUMNS)
    return out.getvalue()


def lines(findings: Iterable[LatencyFinding]) -> str:
    """Return one JSON line of history per finding."""
    return "".join(f"{point(found).model_dump_json()}\n" for found in findings)


def _benchmarks(found: LatencyFinding) -> Iterator[str]:
    yield "goos: linux"
    yield f"cpu: {_word(found.environment.cpu, ' ')}"
    yield f"envoy: {_word(found.environment.envoy, ' ')}"
    yield f"release: {_word(found.release, ' ')}"
    name = f"BenchmarkFilter/filter={_word(found.filter)}"
    for figure in found.figures:
        for value in figure.level.values:
            yield f"{name}/arm=none/figure={figure.figure} 1 {value:.1f} ns/req"
        for arm in ARMS:
            for value in figure.overheads[arm].values if arm in figure.overheads else ():
                yield f"{name}/arm={arm}/figure={figure.figure} 1 {value:.1f} ns/req"
    yield ""


def _word(text: str, space: str = "-") -> str:
    """Return text without what ends a line, or a name, in that format."""
    kept = "".join(char if char.isprintable() and char != "/" else "-" for char in text)
    return space.join(kept.split())
