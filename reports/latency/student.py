"""Student's t distribution, which the standard library does not have."""

import math
from functools import cache

_TINY = 1e-300
_PRECISE = 1e-14


@cache
def quantile(confidence: float, freedom: int) -> float:
    """Return how many standard errors a two-sided interval spans to either side.

    ``quantile(0.95, 3)`` is 3.182. Raises ValueError outside 0 < confidence < 1, freedom ≥ 1.
    """
    if not 0 < confidence < 1 or freedom < 1:
        raise ValueError(f"no t quantile for confidence {confidence}, {freedom} degrees of freedom")
    low, high = 0.0, 1.0
    while p_value(high, freedom) > 1 - confidence:
        high *= 2
    while high - low > _PRECISE * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if p_value(middle, freedom) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def p_value(t: float, freedom: int) -> float:
    """Return the two-sided p-value of a t statistic."""
    if math.isinf(t):
        return 0.0
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    # The fraction converges quickly on one side only; the function is symmetric.
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1 - front * _continued_fraction(b, a, 1 - x) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function by Lentz's method."""
    c, d = 1.0, 1 / _kept_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _kept_from_zero(1 + step * d)
            c = _kept_from_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISE:
            break
    return value


def _kept_from_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
