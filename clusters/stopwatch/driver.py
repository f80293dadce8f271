"""The client's side of a session: rounds of blocks on every arm, each noted with its number."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters.stopwatch import accesslog, load, schedule
from clusters.stopwatch.client import Client
from clusters.stopwatch.recording import Block, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from clusters.stopwatch.load import Load
    from clusters.stopwatch.recording import Timed

CONNECTIONS = 4
BLOCK = 40
#: Requests to each arm before anything is timed; caches fill, V8 compiles nothing later on.
WARM_UP = 600
#: Where only the connections are new.
WARM_UP_AGAIN = 120
#: In the log of a request that is not timed.
UNTIMED = "-"


@dataclass(frozen=True, slots=True)
class Burst:
    """A block as the client saw it; its number leads to its lines in the log of a listener."""

    number: int
    listener: str
    round: int
    arm: Timed
    cpu_ns: int
    requests: int
    bad: int


@dataclass(slots=True)
class Driver:
    """Sends a load to arms; `addresses` are those of their listeners, by name.

    `cpu_ns` reads the CPU clock of the proxy. `host` gives the name that a listener is asked by,
    where one address leads to several.
    """

    addresses: Mapping[str, tuple[str, int]]
    what: Load
    seed: str
    cpu_ns: Callable[[], int]
    host: Callable[[str], str] = lambda _: load.HOST
    complaints: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def part(
        self,
        arms: Sequence[Timed],
        connections: int,
        seconds: float,
        *,
        suffix: str = "",
        warm_up: int = WARM_UP_AGAIN,
    ) -> list[Burst]:
        """Return the bursts of one part: whole rounds until the time is up, two at least."""
        if not seconds:
            return []
        bursts: list[Burst] = []
        with ExitStack() as stack:
            # In one order in every session, a copy would have the same luck with memory each time.
            order = schedule.shuffled(arms, f"{self.seed} {connections} {suffix} clients")
            clients = {arm: self._client(stack, arm.name + suffix, connections) for arm in order}
            self._warm_up(clients, warm_up)
            ends = time.monotonic() + seconds
            orders = schedule.rounds(arms, f"{self.seed} {connections} {suffix}")
            for number, order in enumerate(orders):
                if number >= 2 and time.monotonic() >= ends:
                    break
                bursts += [self._burst(clients[arm], arm, number, suffix) for arm in order]
            self.complaints |= {c.name: c.complaint for c in clients.values() if c.complaint}
        return bursts

    def _client(self, stack: ExitStack, name: str, connections: int) -> Client:
        client = Client(name, self.addresses[name], connections)
        stack.callback(client.close)
        return client

    def _request(self, client: Client, headers: Mapping[str, str], tag: str) -> bytes:
        return load.request(headers, tag, host=self.host(client.name))

    def _warm_up(self, clients: Mapping[Timed, Client], requests: int) -> None:
        for _ in range(requests // BLOCK):
            for arm, client in clients.items():
                request = self._request(client, self.what.headers, UNTIMED)
                answer = load.timed(self.what, acting=arm.acting)
                client.burst(request, BLOCK // client.connections, answer)

    def _burst(self, client: Client, arm: Timed, round_number: int, suffix: str) -> Burst:
        number, bad = next(self._numbers), 0
        if (refusal := self.what.refusal) is not None:
            answer = load.refused(refusal, acting=arm.acting)
            sent = client.burst(self._request(client, refusal.headers, UNTIMED), 1, answer)
            bad += sent.bad + sent.missing
        request = self._request(client, self.what.headers, str(number))
        answer = load.timed(self.what, acting=arm.acting)
        before = self.cpu_ns()
        sent = client.burst(request, BLOCK // client.connections, answer)
        used = self.cpu_ns() - before
        bad += sent.bad + sent.missing
        return Burst(number, arm.name + suffix, round_number, arm, used, sent.requests, bad)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the client saw of a session: busy, with one connection, with an application."""

    busy: Sequence[Burst]
    idle: Sequence[Burst]
    ways: Sequence[Burst] = ()


def session(
    seen: Parts,
    logs: Mapping[str, Mapping[int, accesslog.Lines]],
    complaints: Mapping[str, str],
    *,
    number: int,
    ready_seconds: float,
) -> Session:
    """Return a session of what the client saw and what the logs of its listeners tell, by name."""
    return Session(
        busy=_blocks(seen.busy, logs, number),
        idle=_blocks(seen.idle, logs, number),
        ways=_blocks(seen.ways, logs, number),
        lines=sum(len(lines.first) for log in logs.values() for lines in log.values()),
        complaints=tuple(f"{name}: {text}" for name, text in sorted(complaints.items())),
        ready_seconds=ready_seconds,
    )


def _blocks(
    bursts: Sequence[Burst], logs: Mapping[str, Mapping[int, accesslog.Lines]], session: int
) -> tuple[Block, ...]:
    none = accesslog.Lines((), ())
    told = [(burst, logs[burst.listener].get(burst.number, none)) for burst in bursts]
    return tuple(
        Block(
            session=session,
            round=burst.round,
            arm=burst.arm,
            spans=(lines.first, lines.second),
            cpu_ns=burst.cpu_ns,
            requests=burst.requests,
            bad=burst.bad,
        )
        for burst, lines in told
    )
