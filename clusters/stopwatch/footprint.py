"""What a proxy holds of memory with some arms in it, and how that grows with requests."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clusters import memory
from clusters.local import envoy
from clusters.stopwatch import accesslog, bootstrap, driver, load, session
from clusters.stopwatch.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clusters.processes import Process
    from clusters.proxy import Proxy
    from clusters.stopwatch.arms import Arm
    from clusters.stopwatch.load import Load

#: Enough of them that each of a few workers gets some.
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a proxy holds, in bytes: for itself, and as it says it has allocated; its machines.

    What it has for itself is None where its kernel cannot be asked: in a cluster.
    """

    pss_anon: int | None
    allocated: int
    machines: int

    @property
    def held(self) -> int:
        """What it has for itself, or what it has allocated where that is not known."""
        return self.allocated if self.pss_anon is None else self.pss_anon


@dataclass(frozen=True, slots=True)
class Loaded:
    """A running proxy with arms; make one with `loaded`.

    `ready_seconds` is how long it took to start, modules compiled; `first_seconds` how long until
    the first arm that acts gave its first answer.
    """

    ready_seconds: float
    first_seconds: float
    _process: Process
    _proxy: Proxy
    _clients: Sequence[tuple[Arm, Client]]
    _what: Load

    def ask(self, requests: int) -> int:
        """Send so many requests to each arm and return how many answers were bad or missing."""
        request, bad = load.request(self._what.headers, driver.UNTIMED), 0
        for arm, client in self._clients:
            answer = load.timed(self._what, acting=arm.acting)
            sent = client.burst(request, requests // CONNECTIONS, answer)
            bad += sent.bad + sent.missing
        self._process.check()
        return bad

    def footprint(self) -> Footprint:
        """Return what the proxy holds now; raises memory.MemoryUnknown."""
        return Footprint(
            pss_anon=memory.pss_anon(self._process.child.pid),
            allocated=self._proxy.allocated(),
            machines=self._proxy.machines(),
        )


@contextmanager
def loaded(
    binary: envoy.Binary, arms: Sequence[Arm], what: Load, *, workers: int = 1
) -> Iterator[Loaded]:
    """Run a proxy with these arms while the block lasts.

    Raises processes.ProcessFailed if it refuses an arm.
    """
    with tempfile.TemporaryDirectory(prefix="stopwatch-") as name:
        folder = Path(name)
        config = bootstrap.config(arms, folder, accesslog.NO_CLOCK, ways=False)
        began = time.monotonic()
        process, proxy = envoy.launch(binary, config, folder, workers=workers)
        clients: list[tuple[Arm, Client]] = []
        try:
            addresses = session.serving(process, proxy)
            ready = time.monotonic() - began
            for arm in sorted(arms, key=lambda each: not each.acting):
                clients.append((arm, Client(arm.name, addresses[arm.name], CONNECTIONS)))
                if len(clients) == 1:
                    made = Loaded(ready, 0.0, process, proxy, clients, what)
                    made.ask(CONNECTIONS)
                    first = time.monotonic() - began
            yield Loaded(ready, first, process, proxy, clients, what)
        finally:
            for _, client in clients:
                client.close()
            proxy.close()
            process.stop()
