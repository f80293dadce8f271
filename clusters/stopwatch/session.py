"""One session: a proxy of its own with all arms, warmed up, timed and stopped."""

from __future__ import annotations

import itertools
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clusters import waiting
from clusters.local import envoy
from clusters.stopwatch import accesslog, bootstrap, clock, load, schedule
from clusters.stopwatch.client import Client
from clusters.stopwatch.recording import Block, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from clusters.processes import Process
    from clusters.proxy import Proxy
    from clusters.stopwatch.arms import Arm
    from clusters.stopwatch.load import Load

CONNECTIONS = 4
BLOCK = 40
#: Requests to each arm before anything is timed; caches fill, V8 compiles nothing later on.
WARM_UP = 600
#: Where only the connections are new.
WARM_UP_AGAIN = 120
START_SECONDS = 120.0
#: What is left of the logs is written when the proxy ends.
FLUSH = ("--file-flush-interval-msec", "200")
UNTIMED = "-"


@dataclass(frozen=True, slots=True)
class Plan:
    """How many seconds of load each part of a session gets, and what its logs tell."""

    busy: float
    idle: float
    ways: float
    spans: tuple[str, str] = accesslog.WHOLE


@dataclass(frozen=True, slots=True)
class _Burst:
    """A block as the client saw it; its number leads to its lines in the log of a listener."""

    number: int
    listener: str
    round: int
    arm: Arm
    cpu_ns: int
    requests: int
    bad: int


@dataclass(slots=True)
class _Load:
    """The client's side of a session."""

    process: Process
    addresses: Mapping[str, tuple[str, int]]
    what: Load
    seed: str
    complaints: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def part(
        self,
        arms: Sequence[Arm],
        connections: int,
        seconds: float,
        *,
        suffix: str = "",
        warm_up: int = WARM_UP_AGAIN,
    ) -> list[_Burst]:
        """Return the bursts of one part: whole rounds until the time is up, two at least."""
        if not seconds:
            return []
        bursts: list[_Burst] = []
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

    def _warm_up(self, clients: Mapping[Arm, Client], requests: int) -> None:
        request = load.request(self.what.headers, UNTIMED)
        for _ in range(requests // BLOCK):
            for arm, client in clients.items():
                answer = load.timed(self.what, acting=arm.acting)
                client.burst(request, BLOCK // client.connections, answer)

    def _burst(self, client: Client, arm: Arm, round_number: int, suffix: str) -> _Burst:
        number, bad = next(self._numbers), 0
        if (refusal := self.what.refusal) is not None:
            answer = load.refused(refusal, acting=arm.acting)
            sent = client.burst(load.request(refusal.headers, UNTIMED), 1, answer)
            bad += sent.bad + sent.missing
        request = load.request(self.what.headers, str(number))
        answer = load.timed(self.what, acting=arm.acting)
        before = clock.cpu_ns(self.process.child.pid)
        sent = client.burst(request, BLOCK // client.connections, answer)
        used = clock.cpu_ns(self.process.child.pid) - before
        bad += sent.bad + sent.missing
        return _Burst(number, arm.name + suffix, round_number, arm, used, sent.requests, bad)


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
            driver = _Load(process, addresses, what, f"{seed} {number}")
            try:
                first = [arm for arm in arms if arm.copy == 0]
                busy = driver.part(arms, CONNECTIONS, plan.busy, warm_up=WARM_UP)
                idle = driver.part(first, 1, plan.idle)
                ways = driver.part(first, CONNECTIONS, plan.ways, suffix=bootstrap.WAYS)
            except OSError:
                process.check()  # that the proxy died says more than that it hung up
                raise
        finally:
            proxy.close()
            process.stop()
        logs = {path.stem: accesslog.read(path.read_text()) for path in folder.glob("*-*.log")}
    return Session(
        busy=_blocks(busy, logs, number),
        idle=_blocks(idle, logs, number),
        ways=_blocks(ways, logs, number),
        lines=sum(len(lines.first) for log in logs.values() for lines in log.values()),
        complaints=tuple(f"{name}: {text}" for name, text in sorted(driver.complaints.items())),
        ready_seconds=ready,
    )


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


def _blocks(
    bursts: Sequence[_Burst], logs: Mapping[str, Mapping[int, accesslog.Lines]], session: int
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
