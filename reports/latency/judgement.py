"""Four verdicts on a filter's cost, and what led to each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.latency.estimates import Estimates, Figure

State = Literal["pass", "improvement", "regression", "over-budget", "inconclusive", "invalid"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which change of a figure on it counts, as a fraction of the filter's own cost."""

    p25: float = 0.03
    p50: float = 0.03
    mean: float = 0.08
    p99: float = 0.25
    cpu: float = 0.15
    floor_ns: float = 30.0
    """Changes below this many ns are none."""
    aa: float = 0.015
    """How far copies of one module may differ before the run counts for nothing."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a filter may cost at most, held against the upper end of the interval."""

    max_overhead_ns: float
    figure: Figure = "p25"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a measurement says, in one state and the sentences that explain it."""

    state: State
    reasons: tuple[str, ...]
    figures: Mapping[Figure, State]
    """What each figure says alone; without a reference there is none."""
    second_look: bool
    """Whether further sessions could decide it."""

    @property
    def outcome(self) -> Literal["pass", "fail", "inconclusive", "invalid"]:
        """The state as a verdict of a check."""
        match self.state:
            case "pass" | "improvement":
                return "pass"
            case "regression" | "over-budget":
                return "fail"
            case other:
                return other


def judge(estimates: Estimates, thresholds: Thresholds, budget: Budget | None = None) -> Verdict:
    """Return the verdict on one filter."""
    raise NotImplementedError


def judge_all(
    family: Mapping[str, tuple[Estimates, Budget | None]], thresholds: Thresholds
) -> Mapping[str, Verdict]:
    """Return the verdict on each of several filters, corrected for their number (Holm)."""
    raise NotImplementedError
