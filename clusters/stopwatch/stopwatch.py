"""The instrument: filters as arms beside no filter, over several proxies, one after the other."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from clusters.stopwatch import accesslog, clock, environment, session
from clusters.stopwatch.load import promises
from clusters.stopwatch.recording import Recording, Session

if TYPE_CHECKING:
    from clusters.local.envoy import Binary
    from clusters.stopwatch.arms import Arm
    from clusters.stopwatch.load import Load

Mode = Literal["quick", "deep"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: sessions at least and at most, and seconds that decide between.

    Only the first ones, the least, have all parts; what is compared is the busy one.
    """

    least: int
    most: int
    seconds: float
    plan: session.Plan


#: Many short sessions, not few long ones: what differs most is one proxy from the next.
_SHORT = session.Plan(busy=0.4, idle=0.05, ways=0.1)
_LONG = session.Plan(busy=0.75, idle=0.1, ways=0.2)
#: A comparison with a reference needs more sessions than an overhead does.
QUICK = Effort(least=4, most=6, seconds=7.0, plan=_SHORT)
QUICK_COMPARED = Effort(least=4, most=10, seconds=9.0, plan=_SHORT)
DEEP = Effort(least=24, most=24, seconds=0.0, plan=_LONG)
SECOND_LOOK = 6


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Measures what filters cost in a proxy; make one with `ready`.

    `together` is how many filters share the seconds of a quick run.
    """

    binary: Binary
    mode: Mode
    without_clock: str = ""
    together: int = 1

    def measure(self, arms: tuple[Arm, ...], load: Load, *, seed: int) -> Recording:
        """Return what was seen of the arms under a load, in as many sessions as the mode allows."""
        effort = self._effort(arms)
        return self._sessions(arms, load, effort, seed=seed, first=0)

    def measure_more(self, before: Recording, arms: tuple[Arm, ...], load: Load) -> Recording:
        """Return further sessions only, for a second look."""
        plan = replace(self._effort(arms).plan, idle=0.0, ways=0.0)
        effort = Effort(SECOND_LOOK, SECOND_LOOK, 0.0, plan)
        return self._sessions(arms, load, effort, seed=before.seed, first=len(before.sessions))

    def _effort(self, arms: tuple[Arm, ...]) -> Effort:
        if self.mode == "deep":
            return DEEP
        # What is compared does not share: the fewest sessions would leave 5 % undecided.
        if any(arm.role == "ref" for arm in arms):
            return QUICK_COMPARED
        return replace(QUICK, seconds=QUICK.seconds / max(1, self.together))

    def _sessions(
        self, arms: tuple[Arm, ...], load: Load, effort: Effort, *, seed: int, first: int
    ) -> Recording:
        machine, before = environment.machine(), environment.reading()
        started, began = datetime.now(UTC), time.monotonic()
        plan = effort.plan
        if self.without_clock:
            plan = replace(plan, ways=0.0, spans=accesslog.NO_CLOCK)
        taken: list[Session] = []
        for number in range(first, first + effort.most):
            each = (time.monotonic() - began) / max(1, len(taken))
            if len(taken) >= effort.least and (len(taken) + 1) * each > effort.seconds:
                break
            if len(taken) == effort.least:
                plan = replace(plan, idle=0.0, ways=0.0)
            taken.append(session.run(self.binary, arms, load, plan, number=number, seed=str(seed)))
        return Recording(
            sessions=tuple(taken),
            started=started,
            seed=seed,
            mode=self.mode,
            machine=machine,
            disturbance=environment.between(before, environment.reading()),
            envoy=self.binary.version,
            without_clock=self.without_clock and f"Envoy says: {self.without_clock}",
            promises=promises(load),
            # In every place on this machine: under real istiod too, the stopwatch has Envoys of
            # its own.
            facts={"listeners of": "the embedded control plane"},
        )


def ready(binary: Binary, mode: Mode, *, together: int = 1) -> Stopwatch:
    """Return a stopwatch for this proxy; one without the clock reads CPU time, and says why."""
    return Stopwatch(binary, mode, without_clock=clock.why_without(binary), together=together)
