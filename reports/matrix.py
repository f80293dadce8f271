"""The matrix of requirement and filter, one table per contract, with checks behind each cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.model import Check, Level, Report, Requirement
from reports.verdict import LEVELS, judged, subject

State = Literal[
    "pass", "fail", "invalid", "below", "inconclusive", "skipped", "not-checked", "elsewhere"
]

LEGEND: dict[State, tuple[str, str]] = {
    "pass": ("✓", "pass"),
    "fail": ("✗", "fail"),
    "invalid": ("!", "could not be checked"),
    "below": ("▽", "fails below the judged level"),
    "inconclusive": ("?", "inconclusive"),
    "skipped": ("–", "skipped"),
    "not-checked": ("○", "not checked"),
    "elsewhere": ("", "checked without this filter"),
}
"""Sign and meaning of each state of a cell."""

_WORST_FIRST: tuple[State, ...] = ("fail", "invalid", "below", "inconclusive", "pass", "skipped")


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one requirement on one filter."""

    subject: str
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
    """A requirement and its cells, in the order of the table's subjects."""

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
    """The requirements of one contract, and whom they were checked on."""

    contract: str
    subjects: tuple[str, ...]
    bands: tuple[Band, ...]


def tables(report: Report) -> tuple[Table, ...]:
    """Return one table per contract, in the order of the requirements."""
    contracts = dict.fromkeys(each.contract for each in report.requirements)
    return tuple(_table(report, contract) for contract in contracts)


def _table(report: Report, contract: str) -> Table:
    known = {each.id: each for each in report.requirements}
    mine = [each for each in report.requirements if each.contract == contract]
    ids = {each.id for each in mine}
    checks = [check for check in report.checks if not ids.isdisjoint(check.requirements)]
    subjects = tuple(sorted({subject(check, known) for check in checks})) or (contract,)
    bands = []
    for level in LEVELS:
        rows = tuple(
            MatrixRow(each, tuple(_cell(report, each, whom, checks, known) for whom in subjects))
            for each in mine
            if each.level == level
        )
        if rows:
            bands.append(Band(level, level in judged(report.level), rows))
    return Table(contract, subjects, tuple(bands))


def _cell(
    report: Report,
    requirement: Requirement,
    whom: str,
    checks: Sequence[Check],
    known: dict[str, Requirement],
) -> Cell:
    everywhere = [check for check in checks if requirement.id in check.requirements]
    found = tuple(check for check in everywhere if subject(check, known) == whom)
    if not found:
        on_filters = any(check.filter for check in everywhere)
        missing = not everywhere or (on_filters and whom in report.filters)
        return Cell(whom, "not-checked" if missing else "elsewhere", ())
    states = {_state(check, report.level) for check in found}
    return Cell(whom, min(states, key=_WORST_FIRST.index), found)


def _state(check: Check, level: Level) -> State:
    if check.verdict == "fail" and check.level not in judged(level):
        return "below"
    return check.verdict
