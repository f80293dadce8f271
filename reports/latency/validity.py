"""Why a measurement counts for nothing: what went wrong under load, and copies that disagree."""

from collections.abc import Iterator

from reports.latency.estimates import Estimates
from reports.latency.wording import percent, percents, time, times

_NEXT_TO_NOTHING = 0.01
"""Of the level without a filter: no module that is entered at all is this cheap."""
_LIKE_EMPTY = 0.05
"""Of the empty module's overhead."""


def spoilt(estimates: Estimates, *, aa: float, floor_ns: float) -> Iterator[str]:
    """Yield each reason for which the figures must not be used, in a sentence."""
    if estimates.bad:
        yield f"{estimates.bad} of {estimates.requests} replies were wrong or missing"
    if estimates.missing:
        yield (
            f"{estimates.missing} of {estimates.requests} requests do not match the access log:"
            " it was cut off, or somebody else sent requests"
        )
    gate = estimates.figures[estimates.gate]
    if gate.aa and abs(gate.aa.estimate) > aa and gate.aa.excludes(0):
        yield (
            f"copies of one module differ by {percents(gate.aa)} at {estimates.gate}"
            f" (A/A, at most {percent(aa).lstrip('+')})"
        )
    new, empty = gate.overheads["new"], gate.overheads.get("empty")
    nothing = max(floor_ns, _NEXT_TO_NOTHING * gate.level.estimate)
    if new.high < nothing:
        yield f"it costs {times(new)}, as if no filter were there (below {time(nothing)})"
    elif empty and new.high < empty.estimate / 2:
        yield (
            f"it costs {times(new)}, less than half of an empty filter's {time(empty.estimate)}:"
            " its machine is not entered"
        )
    elif not estimates.effect_asserted and like_empty(estimates, floor_ns):
        yield (
            f"it costs what an empty filter costs ({time(new.estimate)}), and no reply shows that"
            " it did anything"
        )


def like_empty(estimates: Estimates, floor_ns: float) -> bool:
    """Tell whether the candidate cannot be told from a filter that does nothing."""
    gate = estimates.figures[estimates.gate]
    if gate.over_empty is None:
        return False
    near = max(floor_ns, _LIKE_EMPTY * gate.overheads["empty"].estimate)
    return (
        not gate.over_empty.excludes(0) and max(-gate.over_empty.low, gate.over_empty.high) < near
    )


def may_do_nothing(estimates: Estimates) -> bool:
    """Tell whether neither its answers nor its cost show that the candidate does anything."""
    over_empty = estimates.figures[estimates.gate].over_empty
    return not estimates.effect_asserted and over_empty is not None and over_empty.low <= 0
