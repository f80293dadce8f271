"""What there is to measure with at a gateway: its proxy's clock, its CPU time, or neither."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clusters.kube.stopwatch.process import NotHere
from clusters.kube.stopwatch.session import NoClock, Refused, Unmeasurable
from clusters.stopwatch import accesslog, clock, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusters.stopwatch.environment import Reading
    from clusters.stopwatch.session import Plan

NANOSECONDS = 10**9
NOT_THERE = "not told at a gateway in a cluster"


@dataclass(frozen=True, slots=True)
class Means:
    """What a measurement uses; make one with `found`.

    `pid` is the proxy's process, None where it cannot be seen, and `unseen` then says why.
    `without_clock` says why the proxy's clock is not used, "" where it is.
    """

    pid: int | None
    unseen: str
    without_clock: str = ""

    def cpu_ns(self) -> int:
        """Return the CPU time that the proxy has used, 0 where it cannot be seen."""
        if self.pid is None:
            return 0
        try:
            return clock.cpu_ns(self.pid)
        except OSError as error:
            raise Unmeasurable(f"its Envoy, the process {self.pid}, ended meanwhile") from error

    def reading(self) -> Reading:
        """Return the CPU time used until now, a proxy that can be seen being no stranger."""
        read = environment.reading()
        return replace(read, own=read.own + self.cpu_ns() / NANOSECONDS)

    def plan(self, plan: Plan) -> Plan:
        """Return a plan that asks for no spans where there are none."""
        return replace(plan, spans=accesslog.NO_CLOCK) if self.without_clock else plan

    def instead(self, error: Unmeasurable, *, nothing_else: bool) -> Means | None:
        """Return what to go on with by CPU time; None where that would not help, or cannot be read.

        Of what was refused without a word about the clock, the log is what can be spared; that is
        tried where `nothing_else` can be.
        """
        if self.pid is None or self.without_clock:
            return None
        if isinstance(error, NoClock):
            return replace(self, without_clock=error.reason)
        if isinstance(error, Refused) and nothing_else:
            return replace(self, without_clock=f"with an access log {brief(error)}")
        return None

    def lacking(self, error: Unmeasurable) -> str:
        """Return why nothing can be measured after an error."""
        if isinstance(error, NoClock) and self.pid is None:
            return f"{error}\nCPU time is not told either: {self.unseen}"
        return str(error)

    @property
    def facts(self) -> dict[str, str]:
        """Return where figures come from, and which there are not."""
        if self.pid is None:
            missing = f"request and response path, CPU time: {NOT_THERE} ({self.unseen})"
            return {"left out": missing}
        return {
            "left out": f"request and response path: {NOT_THERE}",
            "CPU time of": "the gateway's Envoy, a process of this machine",
        }


def found(process: Callable[[], int], without_clock: str = "") -> Means:
    """Return what there is where `process` returns a proxy's process id, or raises NotHere."""
    try:
        return Means(process(), "", without_clock)
    except NotHere as error:
        return Means(None, str(error), without_clock)


def brief(error: Exception) -> str:
    """Return what an error says, in one line that is not too long."""
    return " ".join(str(error).split())[:300]
