"""What a filter takes of memory in proxies of its own: one process for each thing compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What one process differs by from the next at most, and the least that is worth a word.
SHARE, LEAST = 0.05, 256 * 1024
#: Requests until a proxy has what it needs, then those over which it must not grow.
SETTLING, QUICK, DEEP = 2_000, 20_000, 100_000


@dataclass(frozen=True)
class Growth:
    """What so many requests added, in bytes of the process itself; `before` is what it had."""

    requests: int
    bad: int
    before: int
    added: int


@dataclass(frozen=True)
class Footprints:
    """A filter's memory; the keys are an arm and a number of workers, "two" holds it twice.

    `compile_seconds` is how much longer a proxy takes to start with the filter than without, and
    `first_seconds` how long from its start to the first answer that passed the filter.
    """

    of: Mapping[tuple[str, int], Any]
    growth: Growth
    compile_seconds: float
    first_seconds: float

    def more(self, arm: str, than: str, *, workers: int = 1) -> int:
        """Return how many bytes more a process with one arm has for itself than with another."""
        return int(self.of[arm, workers].pss_anon - self.of[than, workers].pss_anon)

    @property
    def per_worker(self) -> int:
        """Return what the proxy allocates more for the filter with a second worker, in bytes.

        By what it allocates, because processes differ by more than that in what they hold.
        """
        one, two = (
            self.of["new", workers].allocated - self.of["none", workers].allocated
            for workers in (1, 2)
        )
        return int(two - one)


def limit(before: int) -> float:
    """Return how many bytes may be added to what a process has for itself."""
    return max(SHARE * before, LEAST)


def grown(private: Callable[[], int], work: Callable[[], None]) -> tuple[int, int]:
    """Return what a process has for itself before some work, and what the work adds, in bytes.

    What adds too much is done once more: a collector's heap comes to an end, a leak goes on.
    """
    for _ in range(2):
        before = private()
        work()
        added = private() - before
        if added <= limit(before):
            break
    return before, added


def taken(arms: Any, loaded_proxy: Callable[..., Any], load: Any, *, requests: int) -> Footprints:
    """Return the footprints of arms that hold no filter, the filter twice, and its reference."""
    none, new, again = (
        next(arm for arm in arms if (arm.role, arm.copy) == wanted)
        for wanted in (("none", 0), ("new", 0), ("new", 1))
    )
    held = {
        ("none", 1): (none,),
        ("none", 2): (none,),
        ("new", 2): (new,),
        ("two", 1): (new, again),
    }
    if (reference := next((arm for arm in arms if arm.role == "ref"), None)) is not None:
        held["ref", 1] = (reference,)
    found, started = {}, {}
    for (name, workers), each in held.items():
        with loaded_proxy(each, load, workers=workers) as proxy:
            proxy.ask(SETTLING)
            found[name, workers] = proxy.footprint()
            started[name, workers] = proxy.ready_seconds
    with loaded_proxy((new,), load) as proxy:
        proxy.ask(SETTLING)
        found["new", 1] = proxy.footprint()
        growth = _grown(proxy, requests)
        compiling = proxy.ready_seconds - started["none", 1]
        return Footprints(found, growth, compiling, proxy.first_seconds)


def _grown(proxy: Any, requests: int) -> Growth:
    # A module with a garbage collector takes some time until it has all that it ever will.
    bad = [proxy.ask(requests // 5)]
    before, added = grown(
        lambda: int(proxy.footprint().pss_anon), lambda: bad.append(proxy.ask(requests))
    )
    return Growth(requests, sum(bad), before, added)
