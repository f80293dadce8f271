"""Gathers test reports, phase by phase and possibly from several workers, into checks."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Protocol

from reports.catalogue import Catalogue
from reports.combinations import applies
from reports.crash import expected_and_actual
from reports.latency.finding import HistoryPoint, LatencyFinding
from reports.model import Check, Level, Report, Verdict
from reports.verdict import overall, strictest, summarise

BELOW_LEVEL = "below-level"
"""The property that marks a failure which the run does not judge."""


class Phase(Protocol):
    """What the collector reads of a test report: one of setup, call and teardown."""

    nodeid: str
    duration: float

    @property
    def when(self) -> str | None:
        """Which of the three, or something else where a worker died."""

    @property
    def outcome(self) -> str:
        """Passed, failed or skipped."""

    @property
    def longrepr(self) -> object:
        """What went wrong, in one of pytest's forms."""

    @property
    def user_properties(self) -> Sequence[tuple[str, object]]:
        """What the plugins noted, filter and curl among it."""


@dataclass(slots=True)
class _Row:
    verdict: Verdict | None = None
    seconds: float = 0.0
    message: str = ""
    requirements: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)
    latency: tuple[str, ...] = ()


@dataclass(slots=True)
class Collector:
    """The checks of one run, as far as it has come."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    deselected: int = 0
    crashed: list[str] = field(default_factory=list)
    errors: set[str] = field(default_factory=set)
    _rows: dict[str, _Row] = field(default_factory=dict)

    def add(self, phase: Phase) -> None:
        """Take in one phase of one test; tests without a requirement are no checks."""
        if phase.when not in ("setup", "call", "teardown"):
            self.crashed.append(phase.nodeid)
            return
        requirements = tuple(
            str(value) for name, value in phase.user_properties if name == "requirement"
        )
        if not requirements:
            return
        row = self._rows.setdefault(phase.nodeid, _Row(requirements=requirements))
        row.properties |= {name: str(value) for name, value in phase.user_properties}
        # Figures and curves: too long for a property, which JUnit would print.
        row.latency += tuple(getattr(phase, "latency", ()))
        row.seconds += phase.duration
        verdict = _verdict(phase)
        if phase.outcome == "failed" and phase.when != "call":
            self.errors.add(phase.nodeid)
        if verdict and row.verdict != "fail":
            row.verdict = verdict
            row.message = _message(phase)

    @property
    def used(self) -> bool:
        """Whether any test with a requirement has come by."""
        return bool(self._rows)

    def checks(self, catalogue: Catalogue, *, folder: Path) -> tuple[Check, ...]:
        """Return the finished checks ordered by node id, evidence relative to ``folder``."""
        return tuple(
            _check(nodeid, row, row.verdict, catalogue, folder)
            for nodeid, row in sorted(self._rows.items())
            if row.verdict
        )

    def latency(self) -> tuple[LatencyFinding, ...]:
        """Return what checks recorded of latency, in the order of node ids."""
        return tuple(
            LatencyFinding.model_validate_json(text).model_copy(update={"check": nodeid})
            for nodeid, row in sorted(self._rows.items())
            for text in row.latency
        )

    def why_incomplete(self, stopped: str) -> str:
        """Return why the run says less than it was asked for; empty if it came to its end."""
        reasons = [stopped] if stopped else []
        if self.errors:
            count = len(self.errors)
            reasons.append(f"{count} check{'s' if count > 1 else ''} ended in an error")
        if self.crashed:
            reasons.append(f"a worker crashed in {', '.join(self.crashed)}")
        return "; ".join(reasons)


def assemble(
    checks: Sequence[Check],
    catalogue: Catalogue,
    *,
    full: bool,
    tool_version: str,
    started: datetime,
    facts: Mapping[str, str],
    level: Level,
    incomplete: str,
    latency: Sequence[LatencyFinding] = (),
    history: Sequence[HistoryPoint] = (),
) -> Report:
    """Return the report of a run; with ``full`` it also names what no check looked at."""
    used = {each for check in checks for each in check.requirements}
    requirements = tuple(
        each
        for each in catalogue
        if each.id in used or (full and applies(each, facts.get("istio", "")))
    )
    return Report(
        tool_version=tool_version,
        started=started,
        seconds=round((datetime.now(UTC) - started).total_seconds(), 3),
        facts=dict(facts),
        level=level,
        verdict=overall(checks, level, incomplete),
        incomplete=incomplete,
        filters=tuple(sorted({check.filter for check in checks if check.filter})),
        requirements=requirements,
        checks=tuple(checks),
        summaries=summarise(checks, catalogue.entries),
        latency=tuple(latency),
        history=tuple(history),
    )


def _check(nodeid: str, row: _Row, verdict: Verdict, catalogue: Catalogue, folder: Path) -> Check:
    found = row.properties
    expected, actual = expected_and_actual(row.message) if verdict == "fail" else ("", "")
    return Check(
        nodeid=nodeid,
        requirements=row.requirements,
        level=strictest(catalogue[each].level for each in row.requirements),
        filter=found.get("filter", ""),
        release=found.get("release", ""),
        proxy=found.get("proxy", ""),
        verdict=verdict,
        seconds=round(row.seconds, 4),
        message=row.message,
        expected=found.get("expected", expected),
        actual=found.get("actual", actual),
        curl=found.get("curl", ""),
        evidence=_relative(found.get("evidence", ""), folder),
        claim=found.get("claim", ""),
        measured=found.get("measured", ""),
    )


def _verdict(phase: Phase) -> Verdict | None:
    properties = {name: str(value) for name, value in phase.user_properties}
    if phase.when != "call":
        if phase.outcome == "failed":
            return "invalid"
        return "skipped" if phase.outcome == "skipped" else None
    if phase.outcome == "failed" or BELOW_LEVEL in properties:
        return "fail"
    if phase.outcome == "passed":
        return "pass"
    # A measurement that came to nothing skips itself and says which of the two it was.
    match properties.get("verdict"):
        case "inconclusive":
            return "inconclusive"
        case "invalid":
            return "invalid"
        case _:
            return "skipped"


def _message(phase: Phase) -> str:
    if phase.longrepr is None:
        return ""
    if isinstance(phase.longrepr, tuple):  # a skip: path, line, "Skipped: reason"
        return str(phase.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(phase.longrepr, "reprcrash", None)
    return str(crash.message if crash else phase.longrepr)


def _relative(evidence: str, folder: Path) -> str:
    path = PurePath(evidence)
    return Path(os.path.relpath(path, folder)).as_posix() if path.is_absolute() else evidence
