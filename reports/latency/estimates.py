"""From blocks to overheads with intervals: the chain of statistics, figure by figure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from reports.latency.interval import Interval, over_sessions
from reports.latency.levels import Levels, centred, pooled, quantile
from reports.latency.measurement import ARMS, Arm, Block, Measurement

Figure = Literal[
    "p25", "p50", "mean", "p99", "p99.5", "cpu", "last-byte", "request-path", "response-path"
]


@dataclass(frozen=True, slots=True)
class FigureEstimate:
    """One figure of every arm; ns per request, deltas as fractions (0.05 is +5 %)."""

    figure: Figure
    level: Interval
    """The arm without a filter."""
    overheads: Mapping[Arm, Interval]
    """Each other arm, over ``none``."""
    delta: Interval | None
    """new/ref − 1, on overheads; None without a reference."""
    change: Interval | None
    """new − ref in ns; None without a reference."""
    aa: Interval | None
    """The worst comparison of one copy with the others of the same module; truly 0."""
    ratio: Interval | None
    """new/native, on overheads; None without a native equivalent."""
    over_empty: Interval | None
    """new − empty in ns: what the filter's own code costs; None without an empty arm."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Everything that is computed of one measurement, before it is judged."""

    filter: str
    figures: Mapping[Figure, FigureEstimate]
    """In the order of Figure; a figure without data is not among them."""
    idle: FigureEstimate | None
    """The p25 of a single connection."""
    confidence: float
    sessions: int
    machines: int
    """Copies of the candidate in one process."""
    requests: int
    bad: int
    missing: int
    """Requests that the access log does not know, and lines that belong to none."""
    effect_asserted: bool
    """As in Measurement."""
    gate: Figure
    """The figure that is judged first: p25, or cpu where Envoy's clock is not to be had."""


def estimate(measurement: Measurement, *, confidence: float = 0.95) -> Estimates:
    """Return the figures of a measurement with intervals over its sessions.

    Raises ValueError where there is nothing to compare: no block without a filter or none of
    the candidate, fewer than two sessions, or not one block that its log tells all of.
    """
    arms = {block.arm for block in measurement.blocks}
    if absent := {"none", "new"} - arms:
        raise ValueError(f"{measurement.filter}: no blocks of {' and '.join(sorted(absent))}")
    busy, routed = _sessions(measurement.blocks), _sessions(measurement.upstream)
    chains: dict[Figure, list[Levels]] = {
        **{name: [centred(each, read) for each in busy] for name, read in _BUSY.items()},
        "p99": [pooled(each, _durations, 0.99) for each in busy],
        "p99.5": [pooled(each, _durations, 0.995) for each in busy],
        **{name: [centred(each, read) for each in routed] for name, read in _ROUTED.items()},
    }
    gate: Figure = "p25" if measurement.clock == "envoy" else "cpu"
    own_cost = _own_cost(chains[gate])
    found = {name: _figure(name, levels, confidence, own_cost) for name, levels in chains.items()}
    figures = {name: each for name in _ORDER if (each := found[name]) is not None}
    if gate not in figures:
        raise ValueError(
            f"{measurement.filter}: fewer than two of {len(busy)} sessions have what {gate} is read"
            f" from, with {_missing(measurement)} lines missing"
        )
    alone = [centred(each, _BUSY["p25"]) for each in _sessions(measurement.idle)]
    return Estimates(
        filter=measurement.filter,
        figures=figures,
        idle=_figure("p25", alone, confidence, own_cost),
        confidence=confidence,
        sessions=len(busy),
        machines=len({block.copy for block in measurement.blocks if block.arm == "new"}),
        requests=measurement.requests,
        bad=measurement.bad,
        missing=_missing(measurement),
        effect_asserted=measurement.effect_asserted,
        gate=gate,
    )


def _durations(block: Block) -> Sequence[int]:
    return block.durations


def _of(times: Callable[[Block], Sequence[int]], share: float) -> Callable[[Block], float | None]:
    def reading(block: Block) -> float | None:
        found = times(block)
        # A block whose log was cut off says nothing of the requests that are not in it.
        return quantile(sorted(found), share) if len(found) == block.requests > 0 else None

    return reading


def _mean(block: Block) -> float | None:
    return fmean(block.durations) if len(block.durations) == block.requests > 0 else None


def _cpu(block: Block) -> float | None:
    return block.cpu_ns / block.requests if block.requests else None


_BUSY: Mapping[Figure, Callable[[Block], float | None]] = {
    "p25": _of(_durations, 0.25),
    "p50": _of(_durations, 0.5),
    "mean": _mean,
    "cpu": _cpu,
    "last-byte": _of(lambda block: block.to_last_byte, 0.5),
}
_ROUTED: Mapping[Figure, Callable[[Block], float | None]] = {
    "request-path": _of(lambda block: block.request_path, 0.5),
    "response-path": _of(lambda block: block.response_path, 0.5),
}
_ORDER: tuple[Figure, ...] = (
    "p25",
    "p50",
    "mean",
    "p99",
    "p99.5",
    "cpu",
    "last-byte",
    "request-path",
    "response-path",
)


def _sessions(blocks: Iterable[Block]) -> list[list[Block]]:
    found: dict[int, list[Block]] = {}
    for block in blocks:
        found.setdefault(block.session, []).append(block)
    return [found[number] for number in sorted(found)]


def _figure(
    name: Figure, sessions: Sequence[Levels], confidence: float, own_cost: float
) -> FigureEstimate | None:
    """Steps 7 to 10: over none, mean over copies, ratio per session, interval over sessions."""
    usable = _usable(sessions)
    if len(usable) < 2:
        return None
    overheads = [_overheads(levels) for levels in usable]
    arms = [arm for arm in ARMS if arm != "none" and all(arm in each for each in overheads)]
    mean = [{arm: fmean(each[arm].values()) for arm in arms} for each in overheads]

    def compared(compare: Callable[[float, float], float], other: Arm) -> Interval | None:
        if other not in arms:
            return None
        return over_sessions((compare(each["new"], each[other]) for each in mean), confidence)

    positive = {arm for arm in arms if all(each[arm] > 0 for each in mean)}
    # In the tail a filter may look cheaper than none; such a cost is nothing to divide by.
    share = (
        (lambda new, ref: new / ref - 1)
        if "ref" in positive
        else (lambda new, ref: (new - ref) / own_cost)
    )
    same: Arm = "ref" if "ref" in arms else "new"
    return FigureEstimate(
        figure=name,
        level=over_sessions((_level(levels) for levels in usable), confidence),
        overheads={arm: over_sessions((each[arm] for each in mean), confidence) for arm in arms},
        delta=compared(share, "ref") if "ref" in positive or own_cost > 0 else None,
        change=compared(lambda new, ref: new - ref, "ref"),
        aa=_aa([each[same] for each in overheads], confidence),
        ratio=compared(lambda new, native: new / native, "native")
        if "native" in positive
        else None,
        over_empty=compared(lambda new, empty: new - empty, "empty"),
    )


def _usable(sessions: Sequence[Levels]) -> list[Levels]:
    return [levels for levels in sessions if {"none", "new"} <= {arm for arm, _ in levels}]


def _own_cost(sessions: Sequence[Levels]) -> float:
    """Return what the reference costs, or else the candidate: ns, averaged over sessions."""
    costs = [_overheads(levels) for levels in _usable(sessions)]
    arm: Arm = "ref" if costs and all("ref" in each for each in costs) else "new"
    return fmean(fmean(each[arm].values()) for each in costs) if costs else 0.0


def _level(levels: Levels) -> float:
    return fmean(value for (arm, _), value in levels.items() if arm == "none")


def _overheads(levels: Levels) -> dict[Arm, dict[int, float]]:
    """Return each copy's overhead over no filter, by arm."""
    base, found = _level(levels), dict[Arm, dict[int, float]]()
    for (arm, copy), value in levels.items():
        if arm != "none":
            found.setdefault(arm, {})[copy] = value - base
    return found


def _aa(sessions: Sequence[Mapping[int, float]], confidence: float) -> Interval | None:
    """Return the copy that differs most from the mean of the others, which are the same module."""
    copies = set.intersection(*(set(each) for each in sessions))
    if len(copies) < 2:
        return None
    # As many comparisons as copies are looked at, so each has to be that much surer.
    surer = 1 - (1 - confidence) / len(copies)
    compared = []
    for copy in sorted(copies):
        others = [fmean(each[other] for other in copies if other != copy) for each in sessions]
        if all(value > 0 for value in others):
            ratios = (each[copy] / other - 1 for each, other in zip(sessions, others, strict=True))
            compared.append(over_sessions(ratios, surer))
    return min(compared, key=lambda each: each.p_value, default=None)


def _missing(measurement: Measurement) -> int:
    if measurement.log_lines is None:
        return 0
    blocks = (*measurement.blocks, *measurement.idle, *measurement.upstream)
    logged = [_logged(block) for block in blocks]
    torn = sum(abs(block.requests - lines) for block, lines in zip(blocks, logged, strict=True))
    return torn + abs(measurement.log_lines - sum(logged))


def _logged(block: Block) -> int:
    return max(
        len(times)
        for times in (block.durations, block.to_last_byte, block.request_path, block.response_path)
    )
