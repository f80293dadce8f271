"""Holm's correction: how many claims are made decides how sure each has to be."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Claim = TypeVar("Claim", bound=Hashable)


def surprising(
    p_values: Mapping[Claim, float], alpha: float, *, families: int = 1
) -> frozenset[Claim]:
    """Return the claims that stand, with at most ``alpha`` probability of any false one.

    Where so many ``families`` of claims like these are decided, and each before the others are
    known, that is the probability of a false one in any of them. None of the others is taken to
    stand, so that what stands here would stand if all were decided together.
    """
    standing: set[Claim] = set()
    ordered = sorted(p_values.items(), key=lambda claim: claim[1])
    claims = len(ordered) * families
    for position, (claim, p_value) in enumerate(ordered):
        if p_value > alpha / (claims - position):
            break
        standing.add(claim)
    return frozenset(standing)
