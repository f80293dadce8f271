"""One session: every arm put into the gateway's proxy anew, warmed up, timed and taken out."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clusters import apply, gate, waiting
from clusters.kube.stopwatch import layout
from clusters.pilot.documents import InvalidDocument
from clusters.stopwatch import accesslog, driver, load
from clusters.stopwatch.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from clusters.cluster import Cluster, Delivery
    from clusters.kube.stopwatch.arms import PodArm
    from clusters.kube.stopwatch.layout import Listener
    from clusters.proxy import Proxy
    from clusters.stopwatch.load import Load
    from clusters.stopwatch.recording import Session
    from clusters.stopwatch.session import Plan

#: Until every arm answers rightly: a module may have to be fetched and compiled.
ANSWER_SECONDS = 60.0
#: Requests to each arm before anything is timed; fewer than on this machine, for each takes longer.
WARM_UP = 320
#: A pod's log is followed through the API server, and its proxy writes once a second.
LOG_SECONDS = 20.0

#: What stands before the reason where a proxy refuses several listeners at once.
_OF_A_LISTENER = re.compile(r"^(Error adding/updating listener\(s\) )?\S+_\d+: ")


class Unmeasurable(Exception):
    """This gateway tells no durations of arms; the text says why."""


class Refused(Unmeasurable):
    """The gateway does not take the documents of the arms."""


class NoClock(Unmeasurable):
    """No access log tells durations; `reason` is a short why, which may hold `for_good`."""

    def __init__(self, told: str, reason: str, *, for_good: bool) -> None:
        super().__init__(told)
        self.reason = reason
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class Arms:
    """The listeners of a session while they are there; make one with `placed`."""

    where: tuple[Listener, ...]
    address: tuple[str, int]
    ready_seconds: float
    _proxy: Proxy
    _offset: int

    def driver(self, what: Load, seed: str, cpu_ns: Callable[[], int]) -> driver.Driver:
        """Return what puts a load on them; `cpu_ns` reads the CPU clock of their proxy."""
        hosts = {each.arm.name: each.host for each in self.where}
        addresses = dict.fromkeys(hosts, self.address)
        return driver.Driver(addresses, what, seed, cpu_ns, hosts.__getitem__)

    def logs(self) -> Mapping[str, Mapping[int, accesslog.Lines]]:
        """Return what the proxy's log has told of each arm until now."""
        text = self._proxy.log_since(self._offset)
        return {
            each.arm.name: accesslog.read(accesslog.labelled(text, each.label))
            for each in self.where
        }

    def unheard(self) -> list[str]:
        """Return the arms of which the log has told nothing yet."""
        text = self._proxy.log_since(self._offset)
        return [e.arm.name for e in self.where if not accesslog.labelled(text, e.label)]


@contextmanager
def placed(
    cluster: Cluster,
    arms: Sequence[PodArm],
    what: Load,
    *,
    run: str,
    number: int,
    logged: bool = True,
) -> Iterator[Arms]:
    """Have arms in the gateway's proxy while the block lasts; raises Unmeasurable."""
    where = layout.listeners(arms, run=run, number=number)
    url = urlsplit(cluster.gateway.url)
    address = (url.hostname or "", url.port or 80)
    offset, began = cluster.proxy.log_size(), time.monotonic()
    with ExitStack() as stack:
        try:
            documents = layout.render(where, f"stopwatch-{run}-{number}", logged=logged)
            _check(stack.enter_context(cluster.delivered(documents)))
        except (InvalidDocument, gate.NotProven, apply.KubeError) as error:
            raise Refused(f"the arms could not be put into the gateway: {error}") from error
        _wait_for_answers(where, address, what)
        yield Arms(where, address, time.monotonic() - began, cluster.proxy, offset)


def run(
    cluster: Cluster,
    arms: Sequence[PodArm],
    what: Load,
    plan: Plan,
    *,
    run: str,
    number: int,
    cpu_ns: Callable[[], int],
) -> Session:
    """Return what one session saw; its seed is `run` and its number. Raises Unmeasurable.

    `cpu_ns` reads the CPU clock of the gateway's proxy. Where the plan asks for no spans, no log is
    configured: nothing in it would be looked at.
    """
    logged = plan.spans != accesslog.NO_CLOCK
    with placed(cluster, arms, what, run=run, number=number, logged=logged) as there:
        if logged:
            _wait_for_log(there)
        client = there.driver(what, f"{run} {number}", cpu_ns)
        first = [arm for arm in arms if arm.copy == 0]
        seen = driver.Parts(
            client.part(arms, driver.CONNECTIONS, plan.busy, warm_up=WARM_UP),
            client.part(first, 1, plan.idle),
        )
        sent = sum(burst.requests for burst in (*seen.busy, *seen.idle))
        logs = _whole(there, sent) if logged else {arm.name: {} for arm in arms}
    return driver.session(
        seen, logs, client.complaints, number=number, ready_seconds=there.ready_seconds
    )


def _check(delivery: Delivery) -> None:
    told = [
        *delivery.refusals,
        *delivery.fetch_failures,
        *filter(None, [delivery.agent_nack]),
        *(outcome.sentence for outcome in delivery.ineffective),
        *(f"nobody gives the proxy {name}" for name in delivery.waiting_for),
    ]
    text = f"the gateway does not take the arms: {'; '.join(dict.fromkeys(told))}"
    if words := _of_the_clock(delivery.refusals):
        raise NoClock(text, f"Envoy says: {words}", for_good=True)
    if told:
        raise Refused(text)


def _of_the_clock(refusals: Sequence[str]) -> str:
    """Return the words of a proxy that does not know the clock; "" where it refused no clock."""
    lines = (line.strip() for text in refusals for line in text.splitlines())
    words = next((line for line in lines if accesslog.OPERATOR in line), "")
    return _OF_A_LISTENER.sub("", words)


def _wait_for_answers(where: Sequence[Listener], address: tuple[str, int], what: Load) -> None:
    for each in where:
        client = Client(each.arm.name, address, 1)
        answer = load.timed(what, acting=each.arm.acting)
        request = load.request(what.headers, driver.UNTIMED, host=each.host)

        def ask(
            client: Client = client, request: bytes = request, answer: load.Answer = answer
        ) -> str:
            client.complaint = ""
            sent = client.burst(request, 1, answer)
            return (client.complaint or "no answer") if sent.bad + sent.missing else ""

        try:
            waiting.until(
                ask,
                lambda complaint: not complaint,
                what=f"the arm {each.arm.name} answering as it must",
                within=ANSWER_SECONDS,
                every=0.05,
            )
        except waiting.TimedOut as error:
            raise Unmeasurable(str(error)) from error
        finally:
            client.close()


def _wait_for_log(there: Arms) -> None:
    try:
        waiting.until(
            there.unheard,
            lambda names: not names,
            what="the gateway's log telling of every arm",
            within=LOG_SECONDS,
            every=0.1,
        )
    except waiting.TimedOut as error:
        raise NoClock(
            f"{error}\nlikely cause: an access log is not written to the pod's log here, or the "
            "gateway has several pods",
            f"the gateway's log told nothing of {', '.join(there.unheard())} within "
            f"{LOG_SECONDS:g} s",
            for_good=False,
        ) from error


def _whole(there: Arms, sent: int) -> Mapping[str, Mapping[int, accesslog.Lines]]:
    """Return the log once it tells of so many requests; what is missing then stays missing."""

    def told() -> int:
        return sum(len(lines.first) for log in there.logs().values() for lines in log.values())

    with suppress(waiting.TimedOut):  # a log that is not whole is for the statistics to judge
        waiting.until(
            told, lambda count: count >= sent, what="the log", within=LOG_SECONDS, every=0.1
        )
    return there.logs()
