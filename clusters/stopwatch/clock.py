"""The clocks of the proxy: a duration in its access log, and the CPU time of its process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusters.local.loopback import ADDRESS
from clusters.pilot.listeners import HCM, HCM_TYPE
from clusters.stopwatch import accesslog

if TYPE_CHECKING:
    from clusters.local.envoy import Binary

VALIDATE_SECONDS = 30
#: The kernel's clock of a process, all threads, is made of its id: clock_getcpuclockid(3).
_SCHEDULER = 2


def cpu_ns(pid: int) -> int:
    """Return the CPU time that a process has used, all its threads together, in ns.

    It is 0 where the kernel has no such clock, which is everywhere but on Linux.
    """
    if sys.platform != "linux":
        return 0
    return time.clock_gettime_ns((~pid) << 3 | _SCHEDULER)


def why_without(binary: Binary) -> str:
    """Return why the access log of this Envoy tells no durations, in its own words; "" if it does.

    Asked by a configuration that is validated and never run.
    """
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "clock.json"
        config.write_text(json.dumps(_with_log(Path(name) / "clock.log")))
        try:
            asked = subprocess.run(
                [binary.path, "--mode", "validate", "--config-path", config, "-l", "error"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=VALIDATE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
    if asked.returncode == 0:
        return ""
    # Before its reason Envoy names the file, which is gone when anybody reads this.
    said = asked.stdout.strip() or f"nothing, and ended with {asked.returncode}"
    return said.splitlines()[-1].rpartition(f"{config}': ")[2]


def _with_log(log: Path) -> dict[str, Any]:
    manager = {
        "@type": HCM_TYPE,
        "stat_prefix": "clock",
        "route_config": {},
        "access_log": [accesslog.config(log, spans) for spans in (accesslog.WHOLE, accesslog.WAYS)],
    }
    listener = {
        "name": "clock",
        "address": {"socket_address": {"address": ADDRESS, "port_value": 0}},
        "filter_chains": [{"filters": [{"name": HCM, "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener]}}
