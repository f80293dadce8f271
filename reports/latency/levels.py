"""The cost of a request on each listener of a session, freed from what all listeners share.

A machine changes its speed within a second. Each round visits every listener twice, there and
back, so what a round has in common is seen by all of them and taken out, on a log scale.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean, median

from reports.latency.measurement import Arm, Block

Listener = tuple[Arm, int]
"""An arm and the number of its copy."""
Levels = Mapping[Listener, float]
"""ns per request of each listener in one session."""
Reading = Callable[[Block], float | None]
"""A figure of one block; None where the block has none."""


def quantile(ordered: Sequence[int], share: float) -> float:
    """Return a quantile of sorted values, interpolated between neighbours."""
    place = (len(ordered) - 1) * share
    below = int(place)
    part = place - below
    if not part:
        return ordered[below]
    return ordered[below] + (ordered[below + 1] - ordered[below]) * part


def centred(blocks: Iterable[Block], reading: Reading) -> Levels:
    """Return the levels of one session by rounds: halves averaged, log, round's median out.

    Steps 2 to 6 of the chain. A listener that a round did not visit usably is left out of that
    round; one whose readings are all missing is left out of the session.
    """
    rounds: dict[int, dict[Listener, list[float]]] = {}
    for block in blocks:
        value = reading(block)
        if value is not None and value > 0:
            halves = rounds.setdefault(block.round, {}).setdefault((block.arm, block.copy), [])
            halves.append(value)
    centres: list[float] = []
    deviations: dict[Listener, list[float]] = {}
    for listeners in rounds.values():
        logs = {each: math.log(fmean(halves)) for each, halves in listeners.items()}
        centre = median(logs.values())
        centres.append(centre)
        for each, value in logs.items():
            deviations.setdefault(each, []).append(value - centre)
    if not centres:
        return {}
    middle = median(centres)
    return {each: math.exp(middle + median(found)) for each, found in deviations.items()}


def pooled(
    blocks: Iterable[Block], times: Callable[[Block], Sequence[int]], share: float
) -> Levels:
    """Return a quantile of all requests of each arm in a session, as if of a single copy.

    For figures that one block, or one copy, has too few requests to show.
    """
    pools: dict[Listener, list[int]] = {}
    for block in blocks:
        pools.setdefault((block.arm, 0), []).extend(times(block))
    return {each: quantile(sorted(pool), share) for each, pool in pools.items() if pool}
