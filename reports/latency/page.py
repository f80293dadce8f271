"""What the page shows of latency, ready for the template."""

from dataclasses import dataclass

from reports.latency.charts import Chart, charts
from reports.latency.finding import HistoryPoint, LatencyFinding
from reports.latency.judgement import State
from reports.latency.text import counts, degraded, environment, figures, scope

TONES: dict[State, str] = {
    "pass": "pass",
    "improvement": "pass",
    "regression": "fail",
    "over-budget": "fail",
    "inconclusive": "inconclusive",
    "invalid": "inconclusive",
}
"""The class of each state; what noise spoilt is no failure, and does not look like one."""


@dataclass(frozen=True, slots=True)
class FilterView:
    """One filter: its words, tables and pictures."""

    row: LatencyFinding
    tone: str
    reasons: tuple[str, ...]
    figures: tuple[tuple[str, str, str, str], ...]
    quantiles: tuple[str, ...]
    charts: tuple[Chart, ...]
    scope: str
    environment: str


@dataclass(frozen=True, slots=True)
class LatencyView:
    """All filters, and how many came to which verdict."""

    counts: str
    filters: tuple[FilterView, ...]


def view(
    findings: tuple[LatencyFinding, ...], history: tuple[HistoryPoint, ...]
) -> LatencyView | None:
    """Return what the page shows; None where nothing was measured."""
    if not findings:
        return None
    return LatencyView(counts(findings), tuple(_filter(each, history) for each in findings))


def _filter(found: LatencyFinding, history: tuple[HistoryPoint, ...]) -> FilterView:
    names = (name for row in found.table for name in row.quantiles)
    return FilterView(
        row=found,
        tone=TONES[found.state],
        reasons=tuple(each for each in (*found.reasons, degraded(found)) if each),
        figures=tuple(figures(found)),
        quantiles=tuple(dict.fromkeys(names)),
        charts=charts(found, history),
        scope=scope(found),
        environment=environment(found),
    )
