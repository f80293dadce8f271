"""From a measurement, its estimates and its verdict to what a report holds."""

from collections.abc import Iterable
from dataclasses import asdict
from statistics import fmean

from reports.latency.estimates import Estimates
from reports.latency.finding import SHARES, Curve, HistoryPoint, LatencyFinding, SessionRow
from reports.latency.interval import over_sessions
from reports.latency.judgement import Budget, Thresholds, Verdict
from reports.latency.levels import quantile
from reports.latency.measurement import ARMS, Arm, Block, Measurement
from reports.latency.split import split
from reports.latency.wording import sentence

_QUANTILES = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99}


def finding(
    measurement: Measurement,
    estimates: Estimates,
    verdict: Verdict,
    *,
    thresholds: Thresholds,
    budget: Budget | None = None,
) -> LatencyFinding:
    """Return what a report holds of one measurement."""
    figures = [
        {
            **asdict(each),
            "threshold": thresholds.of(name) if each.delta else None,
            "state": verdict.figures.get(name),
        }
        for name, each in estimates.figures.items()
    ]
    return LatencyFinding.model_validate(
        {
            "filter": measurement.filter,
            "release": measurement.release,
            "started": measurement.started,
            "commit": measurement.commit,
            "mode": measurement.mode,
            "seed": measurement.seed,
            "clock": measurement.clock,
            "degraded": measurement.degraded,
            "sentence": sentence(estimates),
            "state": verdict.state,
            "reasons": verdict.reasons,
            "gate": estimates.gate,
            "budget_ns": budget.max_overhead_ns if budget else None,
            "confidence": estimates.confidence,
            "sessions": estimates.sessions,
            "machines": estimates.machines,
            "requests": estimates.requests,
            "bad": estimates.bad,
            "missing": estimates.missing,
            "environment": asdict(measurement.environment),
            "modules": dict(measurement.modules),
            "configuration": measurement.configuration,
            "facts": dict(measurement.facts),
            "figures": figures,
            "idle": asdict(estimates.idle) if estimates.idle else None,
            "parts": [asdict(part) for part in split(estimates)],
            "table": _table(measurement.blocks),
            "curves": _curves(measurement.blocks),
            "memory": [asdict(each) for each in measurement.memory],
        }
    )


def point(found: LatencyFinding) -> HistoryPoint:
    """Return one line of history: overhead over level session by session, then the interval.

    A restart changes both together, so that their ratio varies far less than either.
    """
    gate = found.judged
    new = gate.overheads["new"]
    pairs = zip(new.values, gate.level.values, strict=True)
    ratio = over_sessions((overhead / level for overhead, level in pairs), found.confidence)
    return HistoryPoint(
        time=found.started,
        commit=found.commit,
        filter=found.filter,
        # A run with several Envoys names them in the release too, and one with one does not.
        release=found.release.partition(", envoy ")[0],
        figure=found.gate,
        overhead_ratio=ratio.estimate,
        low=ratio.low,
        high=ratio.high,
        overhead_ns=new.estimate,
        level_ns=gate.level.estimate,
        state=found.state,
        module=found.modules.get("new", ""),
        cpu=found.environment.cpu,
        envoy=found.environment.envoy,
        mode=found.mode,
    )


def _table(blocks: Iterable[Block]) -> tuple[SessionRow, ...]:
    groups: dict[tuple[int, Arm, int], list[Block]] = {}
    for block in blocks:
        groups.setdefault((block.session, block.arm, block.copy), []).append(block)
    order = sorted(groups, key=lambda key: (key[0], ARMS.index(key[1]), key[2]))
    return tuple(
        SessionRow(
            session=session,
            arm=arm,
            machine=copy,
            requests=sum(each.requests for each in groups[session, arm, copy]),
            bad=sum(each.bad for each in groups[session, arm, copy]),
            cpu_ns=sum(each.cpu_ns for each in groups[session, arm, copy]),
            quantiles=_quantiles(groups[session, arm, copy]),
        )
        for session, arm, copy in order
    )


def _quantiles(blocks: Iterable[Block]) -> dict[str, float]:
    ordered = sorted(ns for block in blocks for ns in block.durations)
    if not ordered:
        return {}
    found = {name: round(quantile(ordered, share), 1) for name, share in _QUANTILES.items()}
    return {**found, "mean": round(fmean(ordered), 1)}


def _curves(blocks: Iterable[Block]) -> tuple[Curve, ...]:
    pools: dict[Arm, list[int]] = {}
    for block in blocks:
        pools.setdefault(block.arm, []).extend(block.durations)
    ordered = {arm: sorted(pools[arm]) for arm in ARMS if pools.get(arm)}
    return tuple(
        Curve(arm=arm, ns=tuple(round(quantile(pool, share), 1) for share in SHARES))
        for arm, pool in ordered.items()
    )
