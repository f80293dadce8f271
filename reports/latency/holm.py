"""Holm's correction: how many claims are made decides how sure each has to be."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Claim = TypeVar("Claim", bound=Hashable)


def surprising(p_values: Mapping[Claim, float], alpha: float) -> frozenset[Claim]:
    """Return the claims that stand, with at most ``alpha`` probability of any false one."""
    standing: set[Claim] = set()
    ordered = sorted(p_values.items(), key=lambda claim: claim[1])
    for position, (claim, p_value) in enumerate(ordered):
        if p_value > alpha / (len(ordered) - position):
            break
        standing.add(claim)
    return frozenset(standing)
