"""A report as lines of text with a colour: the end of a pytest run and ``reports show``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from reports.findings import Finding, below_level, broken, not_checked
from reports.model import Report
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
        *(line for finding in broken(report) for line in _finding(finding, folder)),
        *_below(report),
        *_holes(report),
        Line(""),
        Line(sentence(report), _colour(report)),
    )


def verdict_lines(report: Report) -> tuple[Line, ...]:
    """Return one line per filter: all that is printed with ``-q``."""
    failing = {finding.subject for finding in broken(report)}
    below = {finding.subject for finding in below_level(report)}
    return tuple(
        Line(str(each), _tone(each, failing, below)) for each in overviews(report.summaries)
    )


def _tone(each: Overview, failing: set[str], below: set[str]) -> Colour:
    if each.subject in failing:
        return "red"
    return "yellow" if each.subject in below or not each.achieved else "green"


def _finding(finding: Finding, folder: str) -> Iterator[Line]:
    first = finding.first
    word = "FAIL" if first.verdict == "fail" else "ERROR"
    yield Line("")
    yield Line(f"{word} {finding.requirement.id} · {first.level} · {finding.subject}", "red")
    yield Line(f"  {finding.requirement.sentence}")
    fields = {
        "expected": first.expected,
        "actual": first.actual,
        "message": "" if first.actual else first.message,
        "curl": first.curl,
        "evidence": str(PurePath(folder, first.evidence)) if first.evidence else "",
        "check": first.nodeid,
    }
    for name, value in fields.items():
        if value:
            yield Line(f"  {name:<10}{value.strip().replace(chr(10), chr(10) + ' ' * 12)}")
    if more := len(finding.checks) - 1:
        yield Line(f"  and {more} more check{'s' if more > 1 else ''} of {finding.requirement.id}")


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
