"""From the first look at a filter's cost to the verdict: once more if spoilt, longer if undecided.

The rule is fixed before anything is measured, and so is how sure each look has to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suites.latency.measuring import measurement

if TYPE_CHECKING:
    from suites.subjects import Subject

#: What is held against a limit may get a second look, so that each has to be surer.
CONFIDENCE, CONFIDENCE_OF_TWO_LOOKS = 0.95, 0.975


@dataclass(frozen=True)
class Measured:
    """What was measured of a filter and what comes of it; `complaints` are bad answers."""

    measurement: Any
    estimates: Any
    verdict: Any
    budget: Any
    complaints: tuple[str, ...]


def measured(
    latency: Any, stopwatch: Any, subject: Subject, *, seed: int, among: int = 1
) -> Measured:
    """Return the outcome of at most two looks at one of `among` filters that a run judges.

    A look that noise has spoilt is taken once more.
    """
    found = _look(latency, stopwatch, subject, seed, among)
    if found.verdict.run_again:
        found = _look(latency, stopwatch, subject, seed + 1, among)
    return found


def _look(latency: Any, stopwatch: Any, subject: Subject, seed: int, among: int) -> Measured:
    recording = stopwatch.measure(subject.arms, subject.load, seed=seed)
    first = measurement(latency, recording, subject)
    found = _judged(latency, subject, first, among, recording)
    if not found.verdict.second_look:
        return found
    further = stopwatch.measure_more(recording, subject.arms, subject.load)
    both = first.extended(measurement(latency, further, subject))
    return _judged(latency, subject, both, among, recording, further)


def _judged(latency: Any, subject: Subject, found: Any, among: int, *recordings: Any) -> Measured:
    limited = "ref" in subject.modules or subject.budget is not None
    confidence = CONFIDENCE_OF_TWO_LOOKS if limited else CONFIDENCE
    estimates = latency.estimate(found, confidence=confidence)
    verdict = latency.judge(estimates, latency.Thresholds(), subject.budget, among=among)
    complaints = (text for one in recordings for s in one.sessions for text in s.complaints)
    return Measured(found, estimates, verdict, subject.budget, tuple(dict.fromkeys(complaints)))
