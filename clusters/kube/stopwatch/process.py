"""The process of the gateway's Envoy, where a node of the cluster is a part of this machine.

The nodes of kind are containers, whose processes the machine itself knows by ids of its own.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROC = Path("/proc")
#: As the agent starts it, and as the kernel calls it then.
ENVOY = "envoy"


class NotHere(Exception):
    """The proxy is no process that can be seen from here; the text says why."""


def envoy(pods: Sequence[str], proc: Path = PROC) -> int:
    """Return the process id of the Envoy in a gateway's one pod, by the uids of its pods.

    Raises NotHere.
    """
    if len(pods) != 1:
        raise NotHere(f"the gateway has {len(pods)} pods, and CPU time is that of one process")
    found = [pid for pid in _called(ENVOY, proc) if within(pods[0], _read(proc, pid, "cgroup"))]
    if len(found) != 1:
        seen = f"{len(found)} processes" if found else "no process"
        raise NotHere(
            f"{seen} named {ENVOY} of the pod {pods[0]} can be seen among those of this machine"
        )
    return found[0]


def within(pod: str, cgroups: str) -> bool:
    """Tell whether a process is one of the pod with this uid, by its file of control groups.

    The kubelet names a pod's group after the uid: as it is, or with _ for - where systemd makes it.
    """
    name = rf"(?:[^/]+-)?pod(?:{re.escape(pod)}|{re.escape(pod.replace('-', '_'))})(?:\.slice)?"
    paths = (line.split(":", 2)[-1].split("/") for line in cgroups.splitlines())
    return any(re.fullmatch(name, part) for path in paths for part in path)


def _called(name: str, proc: Path) -> list[int]:
    listed: list[str] = []
    with suppress(OSError):
        listed = [each.name for each in proc.iterdir()]
    pids = [int(each) for each in listed if each.isdecimal()]
    return [pid for pid in pids if _read(proc, pid, "comm").strip() == name]


def _read(proc: Path, pid: int, file: str) -> str:
    # It may have ended since it was listed, or be hidden from this user.
    with suppress(OSError):
        return (proc / str(pid) / file).read_text()
    return ""
