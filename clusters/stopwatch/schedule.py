"""The order of blocks: random, then the same reversed, so that drift meets every arm alike."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")


def shuffled(arms: Sequence[T], seed: str) -> list[T]:
    """Return the arms in an order that the seed decides."""
    return random.Random(seed).sample(list(arms), len(arms))


def rounds(arms: Sequence[T], seed: str) -> Iterator[list[T]]:
    """Yield rounds without end; each holds every arm twice, the second half mirrors the first."""
    chance = random.Random(seed)
    while True:
        order = chance.sample(list(arms), len(arms))
        yield [*order, *reversed(order)]
