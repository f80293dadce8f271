"""One session: a proxy of its own with all arms, warmed up, timed and stopped."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from clusters import waiting
from clusters.local import envoy
from clusters.stopwatch import accesslog, bootstrap, clock, driver, schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusters.processes import Process
    from clusters.proxy import Proxy
    from clusters.stopwatch.arms import Arm
    from clusters.stopwatch.load import Load
    from clusters.stopwatch.recording import Session

START_SECONDS = 120.0
#: What is left of the logs is written when the proxy ends.
FLUSH = ("--file-flush-interval-msec", "200")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many seconds of load each part of a session gets, and what its logs tell."""

    busy: float
    idle: float
    ways: float
    spans: tuple[str, str] = accesslog.WHOLE


def run(
    binary: envoy.Binary, arms: Sequence[Arm], what: Load, plan: Plan, *, number: int, seed: str
) -> Session:
    """Return what one session saw.

    Raises processes.ProcessFailed if the proxy refuses an arm or ends before it is told to.
    """
    order = schedule.shuffled(arms, f"{seed} listeners {number}")
    # Not the test's own folder: a socket's path may have no more than 107 characters.
    with tempfile.TemporaryDirectory(prefix="stopwatch-") as name:
        folder = Path(name)
        config = bootstrap.config(order, folder, plan.spans, ways=plan.ways > 0)
        began = time.monotonic()
        process, proxy = envoy.launch(binary, config, folder, *FLUSH)
        try:
            addresses = serving(process, proxy)
            ready = time.monotonic() - began
            client = driver.Driver(
                addresses, what, f"{seed} {number}", partial(clock.cpu_ns, process.child.pid)
            )
            try:
                first = [arm for arm in arms if arm.copy == 0]
                seen = driver.Parts(
                    client.part(arms, driver.CONNECTIONS, plan.busy, warm_up=driver.WARM_UP),
                    client.part(first, 1, plan.idle),
                    client.part(first, driver.CONNECTIONS, plan.ways, suffix=bootstrap.WAYS),
                )
            except OSError:
                process.check()  # that the proxy died says more than that it hung up
                raise
        finally:
            proxy.close()
            process.stop()
        logs = {path.stem: accesslog.read(path.read_text()) for path in folder.glob("*-*.log")}
    return driver.session(seen, logs, client.complaints, number=number, ready_seconds=ready)


def serving(process: Process, proxy: Proxy) -> dict[str, tuple[str, int]]:
    """Return where each listener listens, once all of them do; raises ProcessFailed."""

    def state() -> str:
        process.check()
        return proxy.state()

    waiting.until(
        state,
        lambda seen: seen == "LIVE",
        what="a proxy with every arm",
        within=START_SECONDS,
        every=0.005,
    )
    return proxy.addresses()
