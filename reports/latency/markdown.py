"""Latency as Markdown, short enough for a comment on a pull request."""

from collections.abc import Callable, Iterator, Sequence

from reports.latency.finding import LatencyFinding
from reports.latency.text import (
    against_reference,
    counts,
    degraded,
    environment,
    figures,
    scope,
)
from reports.latency.wording import AT, time, times

_SIGNS = {
    "pass": "✓",
    "improvement": "✓",
    "regression": "✗",
    "over-budget": "✗",
    "inconclusive": "?",
    "invalid": "!",
}


def lines(findings: Sequence[LatencyFinding], escaped: Callable[[str], str]) -> Iterator[str]:
    """Yield the section line by line; ``escaped`` makes text harmless in Markdown."""
    if not findings:
        return

    def row(*texts: str) -> str:
        return f"| {' | '.join(escaped(text) for text in texts)} |"

    yield from ("", "## Latency", "", escaped(counts(findings)), "")
    yield row("", "filter", "verdict", "adds", "against the reference", "× native", "no filter")
    yield "|" + " --- |" * 7
    for found in findings:
        gate = found.judged
        native = f"{gate.ratio.estimate:.1f}" if gate.ratio else ""
        yield row(
            _SIGNS[found.state],
            found.filter,
            found.state,
            f"{times(gate.overheads['new'])} {AT[found.gate]}",
            against_reference(found),
            native,
            time(gate.level.estimate),
        )
    for found in findings:
        yield from ("", f"<details><summary>{_summary(found)}</summary>", "")
        yield from (
            f"- {escaped(reason)}" for reason in (*found.reasons, degraded(found)) if reason
        )
        yield from ("", row("figure", "adds", "against the reference", ""), "|" + " --- |" * 4)
        yield from (row(*each) for each in figures(found))
        yield from ("", f"{escaped(scope(found))}<br>", escaped(environment(found)))
        yield from ("", "</details>")


def _summary(found: LatencyFinding) -> str:
    text = f"{found.filter}: figures and where they were measured"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
