"""Where it is measured, and what else goes on there meanwhile. Facts of Linux's procfs."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
#: Fields of the first line of /proc/stat, proc(5): idle, waiting for disks, and stolen by the host.
_IDLE, _WAITING, _STOLEN = 3, 4, 7


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, as it was before anything was measured."""

    cpu: str
    cores: int
    load: tuple[float, float, float]
    kernel: str
    hypervisor: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """CPU seconds so far: of all cores, of those the idle and stolen ones, and this run's own."""

    total: float
    idle: float
    stolen: float
    own: float


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Shares (0 to 1) of all cores' time that the host took away, and that others used."""

    steal: float
    foreign: float


#: A machine of which nothing can be told from here.
ELSEWHERE = Machine("a machine elsewhere", 0, (0.0, 0.0, 0.0), "unknown", hypervisor=False)


def machine() -> Machine:
    """Return what can be told of this machine; what cannot is empty."""
    info = _text("cpuinfo")
    model = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", info, re.MULTILINE)
    return Machine(
        cpu=model[1] if model else platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        load=os.getloadavg(),
        kernel=f"{platform.system()} {platform.release()}",
        hypervisor=" hypervisor" in info,
    )


def reading() -> Reading:
    """Return the CPU time used until now; children count once they have ended."""
    ticks = os.sysconf("SC_CLK_TCK")
    words = _text("stat").partition("\n")[0].split()[1:9]
    times = [int(word) / ticks for word in words] or [0.0] * 8
    own = os.times()
    return Reading(
        # Guests' time is part of their user's already: the fields behind the eighth are left out.
        total=sum(times),
        idle=times[_IDLE] + times[_WAITING],
        stolen=times[_STOLEN],
        own=own.user + own.system + own.children_user + own.children_system,
    )


def between(before: Reading, after: Reading) -> Disturbance:
    """Return what disturbed the time between two readings; nothing where nothing is known."""
    total = after.total - before.total
    if total <= 0:
        return Disturbance(0.0, 0.0)
    stolen = after.stolen - before.stolen
    busy = total - (after.idle - before.idle) - stolen
    foreign = busy - (after.own - before.own)
    return Disturbance(stolen / total, max(0.0, foreign / total))


def _text(name: str) -> str:
    with suppress(OSError):
        return (PROC / name).read_text()
    return ""
