"""The only module that waits: every wait is bounded, named and ends with the last observation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

T = TypeVar("T")

POLL_SECONDS = 0.001


class TimedOut(Exception):
    """Something did not come true in time; the text carries what was seen last."""

    def __init__(
        self, what: str, *, within: float, attempts: int, last: object, hint: str = ""
    ) -> None:
        self.what = what
        self.last = last
        lines = [
            f"{what} did not come true within {within:g} s ({attempts} looks)",
            f"last seen: {last}",
        ]
        super().__init__("\n".join([*lines, f"Hint: {hint}"] if hint else lines))


def until(
    observe: Callable[[], T],
    good: Callable[[T], bool],
    *,
    what: str,
    within: float,
    every: float = POLL_SECONDS,
    hint: str = "",
) -> T:
    """Return the first observation that is good; raise TimedOut with the last one otherwise.

    `observe` may raise: such an error is not waited out, it ends the wait at once.
    Times are in seconds.
    """
    waiter = Retrying(
        stop=stop_after_delay(within),
        wait=wait_fixed(every),
        retry=retry_if_result(lambda seen: not good(seen)),
    )
    try:
        return waiter(observe)
    except RetryError as expired:
        last = expired.last_attempt
        raise TimedOut(
            what, within=within, attempts=last.attempt_number, last=last.result(), hint=hint
        ) from None


def in_a_row(count: int, good: Callable[[T], bool]) -> Callable[[T], bool]:
    """Return a policy that is content when so many observations, one after the other, are good."""
    seen = 0

    def enough(observation: T) -> bool:
        nonlocal seen
        seen = seen + 1 if good(observation) else 0
        return seen >= count

    return enough


def until_signalled(
    condition: threading.Condition,
    good: Callable[[], bool],
    *,
    what: str,
    within: float,
    last: Callable[[], object],
    hint: str = "",
) -> None:
    """Return once another thread made `good` true under `condition`; raise TimedOut otherwise."""
    with condition:
        if not condition.wait_for(good, timeout=within):
            raise TimedOut(what, within=within, attempts=1, last=last(), hint=hint)


def pause(seconds: float) -> None:
    """Let time pass where time itself is the behaviour, as in an agent's back-off."""
    time.sleep(seconds)
