"""The instrument at a gateway in a cluster: the same arms, blocks and clocks as on this machine."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clusters.kube.stopwatch import means, session
from clusters.kube.stopwatch.session import NoClock, Unmeasurable
from clusters.stopwatch import environment
from clusters.stopwatch.load import promises
from clusters.stopwatch.recording import Recording
from clusters.stopwatch.session import Plan
from clusters.stopwatch.stopwatch import SECOND_LOOK, Effort, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from clusters.cluster import Cluster
    from clusters.kube.stopwatch.arms import PodArm
    from clusters.kube.stopwatch.means import Means
    from clusters.stopwatch.environment import Reading
    from clusters.stopwatch.load import Load
    from clusters.stopwatch.recording import Block, Session

#: Most of a session goes into putting the arms there, so that each is worth more load.
_PLAN = Plan(busy=1.5, idle=0.2, ways=0.0)
QUICK = Effort(least=4, most=6, seconds=20.0, plan=_PLAN)
DEEP = Effort(least=12, most=12, seconds=0.0, plan=_PLAN)


@dataclass(slots=True)
class KubeStopwatch:
    """Measures what filters cost at the gateway of a cluster.

    `give_up` ends the check with the reason where nothing can be measured. `here` says whether the
    gateway is on this machine, whose facts then stand beside the figures. `process` returns the id
    of the gateway's Envoy or raises process.NotHere; its CPU time is what is left to judge by where
    no access log tells durations.
    """

    cluster: Cluster
    mode: Mode
    here: bool
    process: Callable[[], int]
    give_up: Callable[[str], NoReturn]
    _run: str = field(default_factory=lambda: secrets.token_hex(3))
    _placed: Iterator[int] = field(default_factory=itertools.count)
    _refused_clock: str = ""

    def measure(self, arms: tuple[PodArm, ...], load: Load, *, seed: int) -> Recording:
        """Return what was seen of the arms under a load; a native arm that is refused is left out.

        The order of blocks differs from run to run, for the names of a session do: they seed it.
        """
        effort = DEEP if self.mode == "deep" else QUICK
        # An Envoy that does not know the clock is not asked again.
        using = means.found(self.process, self._refused_clock)
        return self._recorded(arms, load, effort, seed, using, first=True)

    def measure_more(self, before: Recording, arms: tuple[PodArm, ...], load: Load) -> Recording:
        """Return further sessions only, for a second look."""
        effort = Effort(SECOND_LOOK, SECOND_LOOK, 0.0, replace(_PLAN, idle=0.0))
        if "native" in before.facts:
            arms = tuple(arm for arm in arms if arm.role != "native")
        # What two clocks tell is not one measurement.
        using = means.found(self.process, before.without_clock)
        return self._recorded(arms, load, effort, before.seed, using, first=False)

    def _recorded(
        self,
        arms: tuple[PodArm, ...],
        load: Load,
        effort: Effort,
        seed: int,
        using: Means,
        *,
        first: bool,
    ) -> Recording:
        if using.without_clock and using.pid is None:
            self._give_up(NoClock(using.without_clock, using.without_clock, for_good=False), using)
        before, machine = self._reading(using), environment.machine()
        started, began = datetime.now(UTC), time.monotonic()
        facts = {"listeners of": "istiod in the cluster", **using.facts}
        taken: list[Session] = []
        while len(taken) < effort.most:
            each = (time.monotonic() - began) / max(1, len(taken))
            if len(taken) >= effort.least and (len(taken) + 1) * each > effort.seconds:
                break
            try:
                taken.append(self._session(arms, load, effort.plan, using, number=len(taken)))
            except Unmeasurable as error:
                native = any(arm.role == "native" for arm in arms)
                instead = using.instead(error, nothing_else=not native)
                if not taken and first and instead is not None:
                    using = instead
                    if isinstance(error, NoClock) and error.for_good:
                        self._refused_clock = error.reason
                    continue
                if taken or not native:
                    self._give_up(error, using)
                arms = tuple(arm for arm in arms if arm.role != "native")
                facts["native"] = f"left out ({means.brief(error)})"
        return Recording(
            sessions=tuple(taken),
            started=started,
            seed=seed,
            mode=self.mode,
            machine=machine if self.here or using.pid is not None else environment.ELSEWHERE,
            disturbance=environment.between(before, self._reading(using)),
            envoy=self.cluster.proxy.version(),
            without_clock=using.without_clock,
            promises=promises(load),
            facts=facts,
        )

    def _reading(self, using: Means) -> Reading:
        try:
            return using.reading()
        except Unmeasurable as error:
            self._give_up(error, using)

    def _give_up(self, error: Unmeasurable, using: Means) -> NoReturn:
        self.give_up(f"latency cannot be measured at this gateway: {using.lacking(error)}")

    def _session(
        self, arms: tuple[PodArm, ...], load: Load, plan: Plan, using: Means, *, number: int
    ) -> Session:
        found = session.run(
            self.cluster,
            arms,
            load,
            using.plan(plan),
            run=self._run,
            number=next(self._placed),
            cpu_ns=using.cpu_ns,
        )
        return replace(
            found, busy=_numbered(found.busy, number), idle=_numbered(found.idle, number)
        )


def _numbered(blocks: tuple[Block, ...], session: int) -> tuple[Block, ...]:
    # Places are counted over the run, sessions over a measurement.
    return tuple(replace(block, session=session) for block in blocks)
