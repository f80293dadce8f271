"""A report as Markdown, for a pull request or a job summary."""

import re
from collections.abc import Iterator, Sequence

from reports.claims import Claim, claims
from reports.findings import Finding, Trouble, below_level, broken, not_checked, troubles
from reports.latency import markdown as latency
from reports.matrix import LEGEND, Table, tables
from reports.model import Check, Report
from reports.verdict import LEVELS, overviews, sentence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def render(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown, ending in a line break."""
    return "\n".join(_lines(report)) + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, also inside a table."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def fenced(text: str) -> str:
    """Return text as a code block whose fence the text cannot close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escaped(sentence(report))}"
    yield ""
    found = overviews(report.summaries)
    several = any(each.where for each in found)
    yield from _row("filter", *["where"] * several, *LEVELS, "counted apart")
    for each in found:
        achieved = (each.achieved.get(level, "") for level in LEVELS)
        yield _cells(each.subject, *[each.where] * several, *achieved, each.apart)
    yield from _failures(broken(report))
    yield from _invalid(troubles(report))
    yield from _below(below_level(report))
    if holes := not_checked(report):
        yield from ("", "## Not checked", "")
        yield from (f"- {escaped(each.id)}: {escaped(each.sentence)}" for each in holes)
    yield from _claims(claims(report))
    yield from latency.lines(report.latency, escaped)
    yield from ("", "## Requirements", "", _legend())
    for table in tables(report):
        yield from _matrix(table)
    yield from ("", "## Facts", "")
    facts = {"started": f"{report.started:%Y-%m-%d %H:%M:%S} UTC", **report.facts}
    yield from (f"- {escaped(name)}: {escaped(value)}" for name, value in facts.items())
    yield f"- judged: {report.level}, in {report.seconds:.1f} s by version {report.tool_version}"


def _claims(found: Sequence[Claim]) -> Iterator[str]:
    if found:
        yield from ("", "## Claims, measured", "")
        yield from _row("claim", "filter", "measured", "holds?")
    for claim in found:
        for each in claim.measurements:
            yield _cells(claim.sentence, each.subject, each.measured, each.holds)


def _failures(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield from ("", "## Failures")
    for finding in findings:
        first, rule = finding.first, finding.requirement
        whom = " · ".join(filter(None, [finding.subject, finding.where]))
        yield from ("", f"### {escaped(rule.id)} · {first.level} · {escaped(whom)}", "")
        yield from (escaped(rule.sentence), "")
        fields = {"expected": first.expected, "actual": first.actual or first.message}
        yield from _details(first, fields)
        if more := len(finding.checks) - 1:
            yield from ("", f"and {more} more check{'s' if more > 1 else ''}")


def _invalid(found: Sequence[Trouble]) -> Iterator[str]:
    if found:
        yield from ("", "## No valid result")
    for trouble in found:
        count = len(trouble.checks)
        whom = ", ".join(filter(None, [trouble.subject, trouble.where]))
        heading = f"{count} check{'s' if count > 1 else ''} of {escaped(whom)}"
        yield from ("", f"### {heading} gave no valid result", "")
        yield from (escaped(", ".join(trouble.requirements)), "")
        yield from _details(trouble.first, {"message": trouble.message})


def _details(check: Check, fields: dict[str, str]) -> Iterator[str]:
    fields = {**fields, "evidence": check.evidence, "check": check.nodeid}
    yield fenced("\n".join(f"{name:<10}{value}" for name, value in fields.items() if value))
    if check.curl:
        yield fenced(check.curl)


def _below(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield from ("", "## Below the judged level", "")
    for finding in findings:
        rule = finding.requirement
        whom = escaped(", ".join(filter(None, [finding.subject, finding.where])))
        yield f"- {escaped(rule.id)} ({rule.level}) on {whom}: {escaped(rule.sentence)}"


def _legend() -> str:
    return " · ".join(f"{sign} {meaning}" for sign, meaning in LEGEND.values() if sign)


def _matrix(table: Table) -> Iterator[str]:
    yield from ("", f"### {escaped(table.title)}", "")
    yield from _row("requirement", "level", *table.columns)
    for band in table.bands:
        for row in band.rows:
            rule = row.requirement
            found = (f"{cell.sign} {cell.count}".strip() for cell in row.cells)
            yield _cells(f"{rule.id} {rule.sentence}", band.level, *found)


def _row(*headings: str) -> tuple[str, str]:
    return _cells(*headings), "|" + " --- |" * len(headings)


def _cells(*texts: str) -> str:
    return f"| {' | '.join(escaped(text) for text in texts)} |"
