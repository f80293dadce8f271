"""A report as lines of text with a colour: the end of a pytest run and ``reports show``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from reports.claims import claims
from reports.combinations import combinations, names, of
from reports.findings import Finding, Trouble, below_level, broken, not_checked, troubles
from reports.latency.judgement import State
from reports.latency.text import counts, told
from reports.model import Check, Report
from reports.verdict import LEVELS, Overview, overviews, sentence

Colour = Literal["red", "yellow", "green", ""]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a terminal."""

    text: str
    colour: Colour = ""


def render(report: Report, *, folder: str) -> tuple[Line, ...]:
    """Return the whole section; ``folder`` is where the report and its evidence are."""
    return (
        *verdict_lines(report),
        *_claims(report),
        *_latency(report),
        *(line for finding in broken(report) for line in _finding(finding, folder)),
        *(line for trouble in troubles(report) for line in _trouble(trouble, folder)),
        *_below(report),
        *_holes(report),
        Line(""),
        Line(sentence(report), _colour(report)),
    )


def verdict_lines(report: Report) -> tuple[Line, ...]:
    """Return one line per filter and combination: all that is printed with ``-q``."""
    failing = _touched(report, broken(report)) | _touched(report, troubles(report))
    below = _touched(report, below_level(report))
    return tuple(
        Line(str(each), _tone(each, failing, below)) for each in overviews(report.summaries)
    )


_Touched = set[tuple[str, str]]


def _touched(report: Report, found: Sequence[Finding] | Sequence[Trouble]) -> _Touched:
    known = names(combinations(report.checks))
    return {(each.subject, known[of(check)]) for each in found for check in each.checks}


def _tone(each: Overview, failing: _Touched, below: _Touched) -> Colour:
    mine = (each.subject, each.where)
    if mine in failing:
        return "red"
    return "yellow" if mine in below or not each.achieved else "green"


def _claims(report: Report) -> Iterator[Line]:
    for claim in claims(report):
        yield Line("")
        yield Line(claim.sentence)
        whom = max(len(each.subject) for each in claim.measurements)
        holds = max(len(each.holds) for each in claim.measurements)
        for each in claim.measurements:
            text = f"  {each.holds:<{holds}}  {each.subject:<{whom}}  {each.measured}"
            colour: Colour = {"pass": "green", "fail": "red"}.get(each.verdict, "yellow")  # type: ignore[assignment]
            yield Line(text.rstrip(), colour)


_TONES: dict[State, Colour] = {
    "pass": "green",
    "improvement": "green",
    "regression": "red",
    "over-budget": "red",
    "inconclusive": "yellow",
    "invalid": "yellow",
}


def _latency(report: Report) -> Iterator[Line]:
    if report.latency:
        yield Line("")
        yield Line(counts(report.latency))
    for found in report.latency:
        yield Line(f"  {found.state:<12}  {found.sentence}", _TONES[found.state])
        yield from (Line(f"{'':16}{text}") for text in told(found))


def _finding(finding: Finding, folder: str) -> Iterator[Line]:
    first = finding.first
    yield Line("")
    whom = _joined(finding.subject, finding.where)
    yield Line(f"FAIL {finding.requirement.id} · {first.level} · {whom}", "red")
    yield Line(f"  {finding.requirement.sentence}")
    yield from _field("expected", first.expected)
    yield from _field("actual", first.actual or first.message)
    yield from _pointers(first, folder)
    if more := len(finding.checks) - 1:
        yield Line(f"  and {more} more {_checks(more)} of {finding.requirement.id}")


def _trouble(trouble: Trouble, folder: str) -> Iterator[Line]:
    count = len(trouble.checks)
    yield Line("")
    whom = _joined(trouble.subject, trouble.where)
    yield Line(f"INVALID {whom} · {count} {_checks(count)} gave no valid result", "red")
    yield from _field("rules", ", ".join(trouble.requirements))
    yield from _field("message", trouble.message)
    yield from _pointers(trouble.first, folder)


def _pointers(check: Check, folder: str) -> Iterator[Line]:
    yield from _field("curl", check.curl)
    yield from _field("evidence", check.evidence and str(PurePath(folder, check.evidence)))
    yield from _field("check", check.nodeid)


def _joined(*texts: str) -> str:
    return " · ".join(filter(None, texts))


def _field(name: str, value: str) -> Iterator[Line]:
    if value:
        yield Line(f"  {name:<10}{value.strip().replace(chr(10), chr(10) + ' ' * 12)}")


def _checks(count: int) -> str:
    return "check" if count == 1 else "checks"


def _below(report: Report) -> Iterator[Line]:
    findings = below_level(report)
    groups = dict.fromkeys((each.subject, each.first.level) for each in findings)
    for whom, level in sorted(groups, key=lambda group: (LEVELS.index(group[1]), group[0])):
        ids = [
            finding.requirement.id
            for finding in findings
            if (finding.subject, finding.first.level) == (whom, level)
        ]
        yield Line("")
        yield Line(f"below level, not judged: {whom} · {level}: {', '.join(ids)}", "yellow")


def _holes(report: Report) -> Iterator[Line]:
    if holes := not_checked(report):
        yield Line("")
        yield Line(f"not checked: {', '.join(each.id for each in holes)}", "yellow")


def _colour(report: Report) -> Colour:
    match report.verdict:
        case "pass":
            return "green"
        case "fail" | "invalid":
            return "red"
        case _:
            return "yellow"
