"""Four verdicts on a filter's cost, and what led to each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from reports.latency.estimates import Estimates, Figure, FigureEstimate
from reports.latency.holm import surprising
from reports.latency.interval import Interval
from reports.latency.validity import like_empty, may_do_nothing, spoilt
from reports.latency.wording import AT, percent, percents, time, times

State = Literal["pass", "improvement", "regression", "over-budget", "inconclusive", "invalid"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which change of a figure on it counts, as a fraction of the filter's own cost.

    The defaults follow the noise that was measured of each figure.
    """

    p25: float = 0.03
    p50: float = 0.03
    mean: float = 0.08
    p99: float = 0.25
    """Also of p99.5: where one request in a hundred is slow, p99 falls on either side."""
    cpu: float = 0.15
    floor_ns: float = 30.0
    """Changes below this many ns are none."""
    aa: float = 0.015
    """How far copies of one module may differ before the run counts for nothing."""

    def of(self, figure: Figure) -> float | None:
        """Return the threshold of a figure; None where it is shown and not judged."""
        limits: dict[Figure, float] = {
            "p25": self.p25,
            "p50": self.p50,
            "mean": self.mean,
            "p99": self.p99,
            "p99.5": self.p99,
            "cpu": self.cpu,
        }
        return limits.get(figure)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a filter may cost at most at the gate's figure.

    It is kept where the upper end of the interval is within, broken where the lower end is above.
    """

    max_overhead_ns: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a measurement says, in one state and the sentences that explain it."""

    state: State
    reasons: tuple[str, ...]
    figures: Mapping[Figure, State]
    """What each judged figure says alone; empty without a reference."""
    second_look: bool
    """Whether further sessions could decide it."""
    run_again: bool
    """Whether it may have been noise that spoilt it: measure once more from the beginning."""

    @property
    def outcome(self) -> Literal["pass", "fail", "inconclusive", "invalid"]:
        """The state as a verdict of a check."""
        match self.state:
            case "pass" | "improvement":
                return "pass"
            case "regression" | "over-budget":
                return "fail"
            case "inconclusive" | "invalid":
                return self.state


def judge(
    estimates: Estimates, thresholds: Thresholds, budget: Budget | None = None, *, among: int = 1
) -> Verdict:
    """Return the verdict on one of ``among`` filters that are judged in a run.

    The claims that fail a filter are corrected for their number in the whole run (Holm), so that
    many filters raise no more false alarms than one; a pass is shown by each filter alone.
    """
    if invalid := tuple(spoilt(estimates, aa=thresholds.aa, floor_ns=thresholds.floor_ns)):
        again = not estimates.bad
        return Verdict("invalid", invalid, {}, second_look=False, run_again=again)
    claims: dict[Figure | Literal["budget"], float] = {
        figure: each.delta.p_value
        for figure, each in estimates.figures.items()
        if thresholds.of(figure) is not None and each.delta
    }
    new = estimates.figures[estimates.gate].overheads["new"]
    if budget:
        claims["budget"] = new.p_value_of(budget.max_overhead_ns)
    stand = surprising(claims, 1 - estimates.confidence, families=among)
    figures = {
        name: _state(each, limit, thresholds.floor_ns, name in stand)
        for name, each in estimates.figures.items()
        if "ref" in each.overheads and (limit := thresholds.of(name)) is not None
    }
    states: list[State] = [figures.get(estimates.gate, "pass")]
    states += ["regression"] if "regression" in figures.values() else []
    kept = _kept(estimates, budget, "budget" in stand) if budget else None
    states += [kept] if kept else []
    states += ["inconclusive"] if new.low <= 0 or may_do_nothing(estimates) else []
    state = min(states, key=_WORST_FIRST.index)
    return Verdict(
        state=state,
        reasons=tuple(_reasons(estimates, thresholds, budget, kept, figures)),
        figures=figures,
        second_look=state == "inconclusive",
        run_again=False,
    )


def _kept(estimates: Estimates, budget: Budget, apart: bool) -> State:
    new = estimates.figures[estimates.gate].overheads["new"]
    if new.high <= budget.max_overhead_ns:
        return "pass"
    # CPU time holds more than a duration does: within the budget it proves, above it nothing.
    above = apart and new.low > budget.max_overhead_ns and estimates.gate != "cpu"
    return "over-budget" if above else "inconclusive"


_WORST_FIRST: tuple[State, ...] = (
    "invalid",
    "regression",
    "over-budget",
    "inconclusive",
    "improvement",
    "pass",
)


def _state(figure: FigureEstimate, limit: float, floor_ns: float, changed: bool) -> State:
    delta, change = figure.delta, figure.change
    if delta is None or change is None:
        return "inconclusive"
    if changed and delta.estimate >= limit and change.estimate >= floor_ns:
        return "regression"
    if changed and delta.estimate <= -limit and change.estimate <= -floor_ns:
        return "improvement"
    return "pass" if delta.high < limit or change.high < floor_ns else "inconclusive"


def _reasons(
    estimates: Estimates,
    thresholds: Thresholds,
    budget: Budget | None,
    kept: State | None,
    figures: Mapping[Figure, State],
) -> Iterator[str]:
    gate = estimates.figures[estimates.gate]
    new = gate.overheads["new"]
    if new.low <= 0:
        yield f"it costs {times(new)}, which cannot be told from nothing"
    for name, state in figures.items():
        each = estimates.figures[name]
        if name == estimates.gate or state in ("regression", "improvement"):
            limit = percent(thresholds.of(name) or 0).lstrip("+")
            found = percents(each.delta) if each.delta else "cannot be compared"
            yield f"{state}: {found} {AT[name]} against the reference (threshold {limit})"
    if budget and kept:
        yield _against(budget, new, kept, cpu=estimates.gate == "cpu")
    if may_do_nothing(estimates) and gate.over_empty:
        yield (
            f"it costs {times(gate.over_empty)} more than an empty filter, which may be nothing,"
            " and no reply shows that it did anything"
        )
    elif like_empty(estimates, thresholds.floor_ns):
        yield "it cannot be told from an empty filter; every reply showed its effect"


def _against(budget: Budget, new: Interval, kept: State, *, cpu: bool) -> str:
    most = f"the budget of {time(budget.max_overhead_ns)}"
    if kept == "pass":
        return f"{time(new.high)}, the upper end, keeps {most}"
    if kept == "over-budget":
        return f"{time(new.low)}, even the lower end, breaks {most}"
    if cpu:
        return f"{time(new.high)}, the upper end, cannot be held against {most}"
    return f"{times(new)} reaches over {most}, and is not surely above it"
