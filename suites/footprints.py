"""What a filter takes of memory in proxies of its own: one process for each thing compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

    @property
    def smallest(self) -> float:
        """Return from how many bytes per request on a leak is seen."""
        return limit(self.before) / self.requests


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
        """Return how many bytes more a proxy with one arm holds than with another."""
        return int(self.of[arm, workers].held - self.of[than, workers].held)

    @property
    def how(self) -> str:
        """Return what "held" means, in words."""
        own = self.of["none", 1].pss_anon is not None
        return "Pss_Anon" if own else "as the proxy allocates"

    @property
    def per_worker(self) -> int | None:
        """Return what the proxy allocates more for the filter with a second worker, in bytes.

        By what it allocates, because processes differ by more than that in what they hold. None
        where nobody chose the number of workers.
        """
        if ("new", 2) not in self.of:
            return None
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


def taken_in_one(
    arms: Any, loaded_proxy: Callable[..., Any], load: Any, *, requests: int
) -> Footprints:
    """Return the footprints of arms that are added to one proxy, the one beside the other."""
    none, new, again = _compared(arms)
    reference = next((arm for arm in arms if arm.role == "ref"), None)
    found = {}
    with loaded_proxy((none,), load) as proxy:
        proxy.ask(SETTLING)
        found["none", 1], started = proxy.footprint(), proxy.ready_seconds
        with loaded_proxy((new,), load) as proxy:
            proxy.ask(SETTLING)
            found["new", 1] = proxy.footprint()
            growth = _grown(proxy, requests)
            compiling, first = proxy.ready_seconds - started, proxy.first_seconds
            alone = proxy.footprint()
            with loaded_proxy((again,), load) as second:
                second.ask(SETTLING)
                both = second.footprint()
                found["two", 1] = _added(found["new", 1], alone, both)
                if reference is not None:
                    # Nothing is taken out meanwhile, for it goes when it likes; and what the first
                    # module brought for all has to be in both of what is compared.
                    with loaded_proxy((reference,), load) as third:
                        third.ask(SETTLING)
                        found["ref", 1] = _added(
                            _added(found["new", 1], both, third.footprint()), both, alone
                        )
    return Footprints(found, growth, compiling, first)


def _added(to: Any, before: Any, after: Any) -> Any:
    """Return a footprint with what came between two others."""
    return replace(
        to,
        allocated=to.allocated + after.allocated - before.allocated,
        machines=to.machines + after.machines - before.machines,
    )


def _compared(arms: Any) -> tuple[Any, ...]:
    return tuple(
        next(arm for arm in arms if (arm.role, arm.copy) == wanted)
        for wanted in (("none", 0), ("new", 0), ("new", 1))
    )


def taken(arms: Any, loaded_proxy: Callable[..., Any], load: Any, *, requests: int) -> Footprints:
    """Return the footprints of arms that hold no filter, the filter twice, and its reference."""
    none, new, again = _compared(arms)
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
        lambda: int(proxy.footprint().held), lambda: bad.append(proxy.ask(requests))
    )
    return Growth(requests, sum(bad), before, added)
