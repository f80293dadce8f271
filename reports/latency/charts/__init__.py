"""The pictures of a finding: shapes with coordinates, which the template draws as SVG."""

from reports.latency.assembly import point
from reports.latency.charts.changes import changes
from reports.latency.charts.costs import costs
from reports.latency.charts.distribution import distribution
from reports.latency.charts.drawing import Chart
from reports.latency.charts.memory import memory
from reports.latency.charts.past import past
from reports.latency.charts.shares import shares
from reports.latency.finding import HistoryPoint, LatencyFinding

__all__ = ["Chart", "charts"]


def charts(found: LatencyFinding, history: tuple[HistoryPoint, ...]) -> tuple[Chart, ...]:
    """Return the pictures for which the finding, or the history of its filter, has data."""
    now = point(found).series
    # Of every Envoy, which the picture tells apart; of no other release or figure.
    mine = tuple(each for each in history if each.series[:3] == now[:3])
    drawn = (
        costs(found),
        changes(found),
        distribution(found),
        shares(found),
        past(mine),
        memory(found),
    )
    return tuple(each for each in drawn if each)
