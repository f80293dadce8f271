"""The instrument at a gateway in a cluster: the same arms, blocks and clock as on this machine."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clusters.kube.stopwatch import session
from clusters.kube.stopwatch.session import Unmeasurable
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
    from clusters.stopwatch.load import Load
    from clusters.stopwatch.recording import Block, Session

#: Most of a session goes into putting the arms there, so that each is worth more load.
_PLAN = Plan(busy=1.5, idle=0.2, ways=0.0)
QUICK = Effort(least=4, most=6, seconds=20.0, plan=_PLAN)
DEEP = Effort(least=12, most=12, seconds=0.0, plan=_PLAN)
NOT_HERE = "request and response path, CPU time: not told at a gateway in a cluster"


@dataclass(slots=True)
class KubeStopwatch:
    """Measures what filters cost at the gateway of a cluster.

    `give_up` ends the check with the reason where nothing can be measured. `here` says whether the
    gateway is on this machine, whose facts then stand beside the figures.
    """

    cluster: Cluster
    mode: Mode
    here: bool
    give_up: Callable[[str], NoReturn]
    _run: str = field(default_factory=lambda: secrets.token_hex(3))
    _placed: Iterator[int] = field(default_factory=itertools.count)

    def measure(self, arms: tuple[PodArm, ...], load: Load, *, seed: int) -> Recording:
        """Return what was seen of the arms under a load; a native arm that is refused is left out.

        The order of blocks differs from run to run, for the names of a session do: they seed it.
        """
        effort = DEEP if self.mode == "deep" else QUICK
        return self._recorded(arms, load, effort, seed)

    def measure_more(self, before: Recording, arms: tuple[PodArm, ...], load: Load) -> Recording:
        """Return further sessions only, for a second look."""
        effort = Effort(SECOND_LOOK, SECOND_LOOK, 0.0, replace(_PLAN, idle=0.0))
        if "native" in before.facts:
            arms = tuple(arm for arm in arms if arm.role != "native")
        return self._recorded(arms, load, effort, before.seed)

    def _recorded(
        self, arms: tuple[PodArm, ...], load: Load, effort: Effort, seed: int
    ) -> Recording:
        before, machine = environment.reading(), environment.machine()
        started, began = datetime.now(UTC), time.monotonic()
        facts = {"listeners of": "istiod in the cluster", "left out": NOT_HERE}
        taken: list[Session] = []
        while len(taken) < effort.most:
            each = (time.monotonic() - began) / max(1, len(taken))
            if len(taken) >= effort.least and (len(taken) + 1) * each > effort.seconds:
                break
            try:
                taken.append(self._session(arms, load, effort.plan, number=len(taken)))
            except Unmeasurable as error:
                if taken or all(arm.role != "native" for arm in arms):
                    self.give_up(f"latency cannot be measured at this gateway: {error}")
                arms = tuple(arm for arm in arms if arm.role != "native")
                facts["native"] = f"left out ({' '.join(str(error).split())[:300]})"
        return Recording(
            sessions=tuple(taken),
            started=started,
            seed=seed,
            mode=self.mode,
            machine=machine if self.here else environment.ELSEWHERE,
            disturbance=environment.between(before, environment.reading()),
            envoy=self.cluster.proxy.version(),
            without_clock="",
            promises=promises(load),
            facts=facts,
        )

    def _session(self, arms: tuple[PodArm, ...], load: Load, plan: Plan, *, number: int) -> Session:
        found = session.run(
            self.cluster, arms, load, plan, run=self._run, number=next(self._placed)
        )
        return replace(
            found, busy=_numbered(found.busy, number), idle=_numbered(found.idle, number)
        )


def _numbered(blocks: tuple[Block, ...], session: int) -> tuple[Block, ...]:
    # Places are counted over the run, sessions over a measurement.
    return tuple(replace(block, session=session) for block in blocks)
