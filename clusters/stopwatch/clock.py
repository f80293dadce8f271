"""The clocks of the proxy: the CPU time of its process, and whether its log has a duration."""

from __future__ import annotations

import time

#: The kernel's clock of a process, all threads, is made of its id: clock_getcpuclockid(3).
_SCHEDULER = 2


def cpu_ns(pid: int) -> int:
    """Return the CPU time that a process has used, all its threads together, in ns."""
    return time.clock_gettime_ns((~pid) << 3 | _SCHEDULER)
