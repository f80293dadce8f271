"""Which process that is, on which machine, and whether it still runs."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def world() -> str:
    """Return what processes have in common that can see each other; empty if it cannot be told."""
    try:
        return f"{_BOOT.read_text().strip()}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def process(pid: int | None = None) -> str:
    """Return what tells a process, by default this one, from every other one: "WORLD/PID/START".

    Empty if it cannot be told, or if there is no such process.
    """
    pid = pid or os.getpid()
    try:
        # The command stands in brackets and may hold brackets and spaces itself.
        after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = after[0], after[19]
    return f"{world()}/{pid}/{started}" if world() and state != "Z" else ""


def runs(told: str) -> bool | None:
    """Tell whether the process that `process` once named runs; None if only another machine knows.

    A process number that was given to another process in between is not taken for it.
    """
    where, _, rest = told.partition("/")
    pid = rest.partition("/")[0]
    if not where or where != world() or not pid.isdecimal():
        return None
    return process(int(pid)) == told


def words() -> str:
    """Return how people know this process: "pid 4711 on lion"."""
    return f"pid {os.getpid()} on {socket.gethostname()}"
