"""Findings in every state, and a report that holds them."""

from dataclasses import replace
from functools import cache

from reports.latency import Budget, Thresholds, estimate, judge
from reports.latency.assembly import finding, point
from reports.latency.finding import HistoryPoint, LatencyFinding
from reports.model import Report
from tests.reports.latency.synthetic import MEMORY, Machine, measured
from tests.reports.sample import HOSTILE, SAMPLE

THRESHOLDS = Thresholds()
QUIET = Machine(
    restart=0.03,
    machine=0.003,
    overheads={"empty": 930.0, "native": 320.0, "new": 1200.0, "ref": 1200.0},
)


def found(
    seed: int, machine: Machine = QUIET, *, budget: Budget | None = None, **changes: object
) -> LatencyFinding:
    measurement = measured(seed, machine, rounds=10, **changes)  # type: ignore[arg-type]
    estimates = estimate(measurement)
    verdict = judge(estimates, THRESHOLDS, budget)
    return finding(measurement, estimates, verdict, thresholds=THRESHOLDS, budget=budget)


@cache
def findings() -> tuple[LatencyFinding, ...]:
    """One of each state, in the order of States."""
    dearer = replace(QUIET, overheads={**QUIET.overheads, "new": 1500.0})
    cheaper = replace(QUIET, overheads={**QUIET.overheads, "new": 1000.0})
    nothing = replace(QUIET, overheads={"empty": 930.0, "new": 0.0})
    alone = replace(QUIET, overheads={"empty": 930.0, "new": 1200.0})
    return (
        found(1, filter="basic-auth cpp", memory=MEMORY),
        found(12, cheaper, filter="basic-auth rust"),
        found(3, dearer, filter="basic-auth go"),
        found(4, alone, filter="headers cpp", budget=Budget(1000)),
        found(11, replace(QUIET, machine=0.06), filter="headers go"),
        found(6, nothing, filter=HOSTILE),
    )


STATES = ("pass", "improvement", "regression", "over-budget", "inconclusive", "invalid")


@cache
def history() -> tuple[HistoryPoint, ...]:
    latest = point(findings()[0])
    earlier = {"time": "2026-11-20T01:00:00+00:00", "commit": "abcdef0123", "overhead_ratio": 0.3}
    return latest.model_copy(update=earlier), latest


@cache
def report() -> Report:
    return SAMPLE.model_copy(update={"latency": findings(), "history": history()})
