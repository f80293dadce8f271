"""An estimate with its uncertainty, from one value per session."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

from reports.latency.student import p_value, quantile


@dataclass(frozen=True, slots=True)
class Interval:
    """The mean over sessions and the ends of its t-interval."""

    estimate: float
    low: float
    high: float
    values: tuple[float, ...]
    """One per session, in the order of the sessions."""

    @property
    def half_width(self) -> float:
        """Half of the distance between the ends."""
        return (self.high - self.low) / 2

    @property
    def p_value(self) -> float:
        """How probable a mean this far from 0 is where the truth is 0."""
        return self.p_value_of(0.0)

    def p_value_of(self, truth: float) -> float:
        """Return how probable a mean this far from the truth is, were it that."""
        error = stdev(self.values) / math.sqrt(len(self.values))
        if error == 0:
            return 1.0 if self.estimate == truth else 0.0
        return p_value((self.estimate - truth) / error, len(self.values) - 1)

    def excludes(self, value: float) -> bool:
        """Tell whether the value lies outside."""
        return not self.low <= value <= self.high


def over_sessions(values: Iterable[float], confidence: float) -> Interval:
    """Return the t-interval over one value per session; raises ValueError for fewer than two."""
    found = tuple(values)
    if len(found) < 2:
        raise ValueError(f"an interval needs two sessions or more, here: {len(found)}")
    middle = fmean(found)
    freedom = len(found) - 1
    reach = quantile(confidence, freedom) * stdev(found) / math.sqrt(len(found))
    return Interval(middle, middle - reach, middle + reach, found)
