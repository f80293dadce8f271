"""What counts as growth: a heap that comes to its end is none, a leak goes on."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from clusters.stopwatch.footprint import Footprint
from suites.footprints import DEEP, LEAST, QUICK, Growth, grown, taken, taken_in_one


def test_the_smallest_leak_that_shows_is_told_per_request():
    assert Growth(DEEP, 0, before=60_000_000, added=0).smallest == 30
    assert Growth(QUICK, 0, before=1000, added=0).smallest == LEAST / QUICK


@pytest.mark.parametrize(
    ("readings", "added", "works"),
    [
        ((10_000_000, 10_400_000), 400_000, 1),
        ((10_000_000, 10_600_000, 10_600_000, 10_610_000), 10_000, 2),
        ((10_000_000, 10_600_000, 10_600_000, 11_200_000), 600_000, 2),
        ((1000, 1000 + LEAST), LEAST, 1),
    ],
    ids=["little", "a heap", "a leak", "little of little"],
)
def test_growth_that_goes_on_is_growth(readings, added, works):
    seen, done = iter(readings), []

    found = grown(lambda: next(seen), lambda: done.append(1))

    assert found[1] == added
    assert len(done) == works


@dataclass
class Arm:
    role: str
    copy: int


ARMS = (
    *(Arm("none", 0), Arm("empty", 0), Arm("ref", 0), Arm("ref", 1)),
    *(Arm("new", 0), Arm("new", 1), Arm("new", 2)),
)
#: Megabytes and machines of an arm; the first module brings what all share.
SHARED, COSTS, MACHINES = 2, {"none": 0, "new": 5, "ref": 4}, {"none": 0, "new": 3, "ref": 3}


@dataclass
class Loaded:
    """A proxy that holds what its arms cost, and grows by nothing."""

    arms: list[Arm]
    own: bool
    workers: int = 1
    ready_seconds: float = 0.5
    first_seconds: float = 0.6

    def ask(self, requests):
        return 0

    def footprint(self):
        costs = [COSTS[arm.role] * self.workers for arm in self.arms]
        held = 10 + sum(costs) + (SHARED if any(costs) else 0)
        machines = sum(MACHINES[arm.role] for arm in self.arms)
        return Footprint(held if self.own else None, held, machines)


@dataclass
class Gateway:
    """One proxy that arms are added to."""

    arms: list[Arm] = field(default_factory=list)

    @contextmanager
    def loaded(self, arms, load):
        self.arms += arms
        yield Loaded(self.arms, own=False)
        del self.arms[-len(arms) :]


@contextmanager
def own_proxy(arms, load, *, workers=1):
    yield Loaded(list(arms), own=True, workers=workers)


def test_proxies_of_their_own_and_one_for_all_tell_the_same_of_a_filter():
    gateway = Gateway()
    apart = taken(ARMS, own_proxy, None, requests=10)
    together = taken_in_one(ARMS, gateway.loaded, None, requests=10)

    assert (apart.how, together.how) == ("Pss_Anon", "as the proxy allocates")
    for arm, than in (("new", "none"), ("two", "new"), ("ref", "new")):
        assert together.more(arm, than) == apart.more(arm, than), arm
    assert {name: together.of[name, 1].machines for name in ("none", "new", "two", "ref")} == {
        **{"none": 0, "new": 3, "two": 6, "ref": 3}
    }
    assert (apart.per_worker, together.per_worker) == (COSTS["new"], None)
    assert gateway.arms == []
