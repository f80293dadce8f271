"""What the gateway of a cluster holds of memory with some arms in it, as its proxy tells."""

from __future__ import annotations

import itertools
import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters.kube.stopwatch import session
from clusters.kube.stopwatch.session import Unmeasurable
from clusters.stopwatch import driver, load
from clusters.stopwatch.client import Client
from clusters.stopwatch.footprint import CONNECTIONS, Footprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import NoReturn

    from clusters.cluster import Cluster
    from clusters.kube.stopwatch.arms import PodArm
    from clusters.kube.stopwatch.layout import Listener
    from clusters.proxy import Proxy
    from clusters.stopwatch.load import Load


@dataclass(frozen=True, slots=True)
class Loaded:
    """Arms in the gateway's proxy, which holds what else is in it too.

    `ready_seconds` is how long it took from their documents until all of them answered.
    """

    ready_seconds: float
    _proxy: Proxy
    _clients: Sequence[tuple[Listener, Client]]
    _what: Load

    @property
    def first_seconds(self) -> float:
        """How long it took until the first answer that passed an arm, at most."""
        return self.ready_seconds

    def ask(self, requests: int) -> int:
        """Send so many requests to each arm and return how many answers were bad or missing."""
        bad = 0
        for listener, client in self._clients:
            answer = load.timed(self._what, acting=listener.arm.acting)
            request = load.request(self._what.headers, driver.UNTIMED, host=listener.host)
            sent = client.burst(request, requests // CONNECTIONS, answer)
            bad += sent.bad + sent.missing
        return bad

    def footprint(self) -> Footprint:
        """Return what the proxy holds now."""
        return Footprint(None, self._proxy.allocated(), self._proxy.machines())


@dataclass(slots=True)
class LoadedGateway:
    """Adds arms to a gateway; `give_up` ends the check with the reason where that fails."""

    cluster: Cluster
    give_up: Callable[[str], NoReturn]
    _run: str = field(default_factory=lambda: f"m{secrets.token_hex(3)}")
    _placed: Iterator[int] = field(default_factory=itertools.count)
    _held: int = 0

    @contextmanager
    def __call__(self, arms: Sequence[PodArm], what: Load) -> Iterator[Loaded]:
        """Have these arms in the proxy, beside what is there already, while the block lasts."""
        number = next(self._placed)
        if not self._held:
            # What other checks had there goes only when its listeners have drained.
            self.cluster.wait_for_machines(0)
        with ExitStack() as stack:
            try:
                placed = session.placed(
                    self.cluster, arms, what, run=self._run, number=number, logged=False
                )
                there = stack.enter_context(placed)
            except Unmeasurable as error:
                self.give_up(f"memory cannot be measured at this gateway: {error}")
            clients = []
            for listener in there.where:
                client = Client(listener.arm.name, there.address, CONNECTIONS)
                stack.callback(client.close)
                clients.append((listener, client))
            self._held += 1
            try:
                yield Loaded(there.ready_seconds, self.cluster.proxy, clients, what)
            finally:
                self._held -= 1
