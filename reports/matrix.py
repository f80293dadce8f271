"""The matrix of requirement and filter, one table per contract, with checks behind each cell.

Where a run covers several releases or proxies, there is one table per contract and filter, and its
columns are those.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.combinations import Combination, applies, combinations, names, of
from reports.model import Check, Level, Report, Requirement
from reports.verdict import LEVELS, judged, subject

State = Literal[
    "pass",
    "fail",
    "invalid",
    "below",
    "inconclusive",
    "skipped",
    "not-checked",
    "outside",
    "elsewhere",
]

LEGEND: dict[State, tuple[str, str]] = {
    "pass": ("✓", "pass"),
    "fail": ("✗", "fail"),
    "invalid": ("!", "could not be checked"),
    "below": ("▽", "fails below the judged level"),
    "inconclusive": ("?", "inconclusive"),
    "skipped": ("–", "skipped"),
    "not-checked": ("○", "not checked"),
    "outside": ("n/a", "not in this release"),
    "elsewhere": ("", "checked elsewhere"),
}
"""Sign and meaning of each state of a cell."""

_WORST_FIRST: tuple[State, ...] = ("fail", "invalid", "below", "inconclusive", "pass", "skipped")


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one requirement on one filter, in one combination if there are several."""

    column: str
    state: State
    checks: tuple[Check, ...]

    @property
    def sign(self) -> str:
        """The sign of the legend."""
        return LEGEND[self.state][0]

    @property
    def meaning(self) -> str:
        """The words of the legend."""
        return LEGEND[self.state][1]

    @property
    def count(self) -> str:
        """``4/5`` passed of those decided; empty where none was."""
        verdicts = [check.verdict for check in self.checks]
        passed, failed = verdicts.count("pass"), verdicts.count("fail")
        return f"{passed}/{passed + failed}" if passed + failed else ""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A requirement and its cells, in the order of the table's columns."""

    requirement: Requirement
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """The requirements of one level."""

    level: Level
    judged: bool
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The requirements of one contract, and whom they were checked on, or one of them where."""

    contract: str
    title: str
    columns: tuple[str, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: the checks of one subject in one combination."""

    name: str
    subject: str
    place: Combination


def tables(report: Report) -> tuple[Table, ...]:
    """Return the tables, in the order of the requirements."""
    contracts = dict.fromkeys(each.contract for each in report.requirements)
    return tuple(table for contract in contracts for table in _tables(report, contract))


def _tables(report: Report, contract: str) -> Iterator[Table]:
    mine = [each for each in report.requirements if each.contract == contract]
    ids = {each.id for each in mine}
    known = {each.id: each for each in report.requirements}
    checks = [
        (subject(check, known), check)
        for check in report.checks
        if not ids.isdisjoint(check.requirements)
    ]
    subjects = tuple(sorted({whom for whom, _ in checks})) or (contract,)
    places = names(combinations(report.checks)) or {Combination("", ""): ""}
    if len(places) == 1:
        [place] = places
        columns = tuple(_Column(whom, whom, place) for whom in subjects)
        yield Table(contract, contract, subjects, _bands(report, mine, columns, checks))
        return
    # What needs no gateway has a column only beside checks that need none.
    here = {of(check) for _, check in checks}
    shown = {each: name for each, name in places.items() if each.release or each in here}
    for whom in subjects:
        columns = tuple(_Column(name, whom, place) for place, name in shown.items())
        title = contract if whom == contract else f"{contract} · {whom}"
        bands = _bands(report, mine, columns, checks, whole=False)
        yield Table(contract, title, tuple(shown.values()), bands)


_Judged = Sequence[tuple[str, Check]]


def _bands(
    report: Report,
    mine: Sequence[Requirement],
    columns: Sequence[_Column],
    checks: _Judged,
    *,
    whole: bool = True,
) -> tuple[Band, ...]:
    """Return the bands, unless `whole` without the requirements that are checked elsewhere."""
    bands = []
    for level in LEVELS:
        rows = tuple(
            MatrixRow(each, cells)
            for each in mine
            if each.level == level
            for cells in [tuple(_cell(report, each, column, checks) for column in columns)]
            if whole or any(cell.state != "elsewhere" for cell in cells)
        )
        if rows:
            bands.append(Band(level, level in judged(report.level), rows))
    return tuple(bands)


def _cell(report: Report, requirement: Requirement, column: _Column, checks: _Judged) -> Cell:
    everywhere = [(whom, check) for whom, check in checks if requirement.id in check.requirements]
    found = tuple(
        check for whom, check in everywhere if whom == column.subject and of(check) == column.place
    )
    states = {_state(check, report.level) for check in found}
    if not applies(requirement, column.place.release) and states <= {"skipped"}:
        return Cell(column.name, "outside", ())
    if not found:
        missing = _missing(report, column, everywhere)
        return Cell(column.name, "not-checked" if missing else "elsewhere", ())
    return Cell(column.name, min(states, key=_WORST_FIRST.index), found)


def _missing(report: Report, column: _Column, everywhere: _Judged) -> bool:
    """Tell whether a check that is not there ought to be."""
    if not everywhere:
        return True
    # What runs without a gateway runs once, and what needs one never runs without.
    gateway = any(check.release for _, check in everywhere)
    if gateway != bool(column.place.release):
        return False
    if column.subject in report.filters:
        return any(check.filter for _, check in everywhere)
    return any(whom == column.subject for whom, _ in everywhere)


def _state(check: Check, level: Level) -> State:
    if check.verdict == "fail" and check.level not in judged(level):
        return "below"
    return check.verdict
