"""Where the time of a filter goes: what a duration shows of it, and what comes after."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reports.latency.estimates import Estimates, Figure
from reports.latency.interval import Interval, over_sessions


@dataclass(frozen=True, slots=True)
class Part:
    """One share of a filter's cost, ns per request."""

    name: str
    cost: Interval


def split(estimates: Estimates) -> tuple[Part, ...]:
    """Return the parts that were measured, in the order in which a request meets them.

    ``entering the machine`` and ``the filter's code`` make up the gate's figure; the paths need an
    upstream and are figures of their own; ``after the last byte`` is CPU time minus duration.
    """
    return tuple(_parts(estimates))


def _parts(estimates: Estimates) -> Iterator[Part]:
    gate = estimates.figures[estimates.gate]
    if gate.over_empty:
        yield Part("entering the machine", gate.overheads["empty"])
        yield Part("the filter's code", gate.over_empty)
    paths: tuple[tuple[Figure, str], ...] = (
        ("request-path", "request path"),
        ("response-path", "response path"),
    )
    for name, words in paths:
        if name in estimates.figures:
            yield Part(words, estimates.figures[name].overheads["new"])
    if after := _per_session(estimates, "cpu", "last-byte", lambda cpu, shown: cpu - shown):
        yield Part("after the last byte", after)


def _per_session(
    estimates: Estimates, one: Figure, other: Figure, combine: Callable[[float, float], float]
) -> Interval | None:
    if not {one, other} <= set(estimates.figures):
        return None
    left = estimates.figures[one].overheads["new"].values
    right = estimates.figures[other].overheads["new"].values
    if len(left) != len(right):
        return None
    pairs = zip(left, right, strict=True)
    return over_sessions((combine(a, b) for a, b in pairs), estimates.confidence)
