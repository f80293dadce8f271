"""One JSON line per filter and run: for plots and slow drift, never for a verdict."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from reports.latency.assembly import point
from reports.latency.finding import HistoryPoint, LatencyFinding, Series
from reports.latency.wording import revision, time

KEPT = Path("latency") / "history.jsonl"
"""Below the folder of a report."""
SHOWN = 60
"""Runs of one series that a page shows."""


class BadHistory(Exception):
    """A line of the file is no point of history; the text names the line."""


def read(path: Path) -> tuple[HistoryPoint, ...]:
    """Return the points of a file, oldest first; a missing file has none. Raises BadHistory."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    points = []
    for number, line in enumerate(lines, 1):
        try:
            points.append(HistoryPoint.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            raise BadHistory(
                f"{path}, line {number} is no point of history: {first['msg']}\n"
                f"Hint: sed -i {number}d {path}"
            ) from error
    return tuple(sorted(points, key=lambda each: each.time))


def append(findings: Sequence[LatencyFinding], path: Path) -> tuple[HistoryPoint, ...]:
    """Add the runs' points that the file does not have yet, and return what it holds then."""
    known = read(path)
    new = [each for each in map(point, findings) if each not in known]
    if new:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{each.model_dump_json()}\n" for each in new)
    return tuple(sorted((*known, *new), key=lambda each: each.time))


def continued(
    findings: Sequence[LatencyFinding], folder: Path
) -> tuple[tuple[HistoryPoint, ...], str]:
    """Add a run to the history beside its report; return the filters' latest points, or why not."""
    if not findings:
        return (), ""
    try:
        points = append(findings, folder / KEPT)
    except (BadHistory, OSError) as error:
        return (), f"no history of latency: {error}"
    mine = {(each.filter, each.release, each.figure) for each in map(point, findings)}
    lines = {
        series: found
        for series, found in by_series(points).items()
        if (series.filter, series.release, series.figure) in mine
    }
    recent = (each for found in lines.values() for each in found[-SHOWN:])
    return tuple(recent), ""


def by_series(points: Iterable[HistoryPoint]) -> dict[Series, list[HistoryPoint]]:
    """Return the points of each series, by filter, release and figure, then the oldest first.

    What ran on another Envoy is another series: an upgrade changes figures by itself.
    """
    found: dict[Series, list[HistoryPoint]] = {}
    for each in sorted(points, key=lambda each: each.time):
        found.setdefault(each.series, []).append(each)
    # Stable, so that Envoys stay in the order in which they came into use.
    ordered = sorted(found, key=lambda each: (each.filter, each.release, each.figure))
    return {series: found[series] for series in ordered}


_TITLES = (
    *("filter", "release", "Envoy", "figure", "time", "commit"),
    *("overhead / no filter", "ns", "verdict"),
)


def shown(points: Sequence[HistoryPoint]) -> str:
    """Return the points as a table for a terminal, one series below the other."""
    if not points:
        return "no runs yet\n"
    rows: list[tuple[str, ...]] = [_TITLES]
    for found in by_series(points).values():
        rows += [_EMPTY] if len(rows) > 1 else []
        rows += [_cells(each) for each in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    return "".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )


_EMPTY = ("",) * len(_TITLES)


def _cells(each: HistoryPoint) -> tuple[str, ...]:
    return (
        each.filter,
        each.release,
        each.envoy,
        each.figure,
        each.time[:16],
        revision(each.commit) or "unknown",
        f"{each.overhead_ratio * 100:.1f} % [{each.low * 100:.1f}, {each.high * 100:.1f}]",
        time(each.overhead_ns),
        each.state,
    )
