"""The wait until a change has gone all the way to every pod of the gateway, and what it came to."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import gate, redaction, waiting
from clusters.istio import received
from clusters.kube.channels import ECDS, LDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from clusters.kube.gateway_pods import GatewayPod, GatewayPods
    from clusters.kube.istiod import Istiods

ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.01
#: So long an extension that istiod should not have is waited for, counted from the last answer.
UNFORETOLD_SECONDS = 0.5
#: How far a pod's log may be behind what its proxy shows.
LOG_SECONDS = 5.0
LAST_LINES = 12
#: The agent's own words where it refuses a whole response, before 1.25.
_HELD = re.compile(r"cannot fetch Wasm module |wasm remote fetch ")


@dataclass(slots=True)
class Gate:
    """One gate for all pods. `sent` are the listeners that istiod has for the first of them.

    For each change: `begin`, the change, `wait`, then the questions.
    """

    pods: GatewayPods
    istiods: Istiods
    sent: list[dict[str, Any]] = field(default_factory=list)
    _shown: dict[str, dict[str, str]] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a change; what is told from now on belongs to it."""
        self.pods.look()
        for pod in self.pods:
            pod.listen()
            pod.said.begin()
            pod.progress.begin(self.istiods.channels(pod.id))
            self._shown[pod.uid] = updated(pod.proxy.extensions())

    def wait_until_noticed(self, objects: Mapping[tuple[str, str, str], str]) -> None:
        """Wait until istiod holds objects in these versions; raises gate.NotProven."""
        if objects:
            self._until(
                lambda: self.istiods.holds(self.pods.first.id, dict(objects)),
                "istiod noticing the documents",
            )

    def wait(self, marker: str, foretold: Iterable[str], changed: Mapping[str, float]) -> None:
        """Wait until every pod has what a push with this marker brings.

        `foretold` names the extensions that istiod should have, `changed` those that it has
        otherwise than before, with the seconds in which an agent must have fetched each. Raises
        gate.NotProven, saying which step is missing and what was said last.
        """
        known, since = set(foretold), dict[str, float]()
        for pod in self.pods:
            pod.progress.expect(max(changed.values(), default=0.0))

        def missing() -> str:
            for pod in self.pods:
                told = self._behind(pod, marker, changed) or self._lacking(pod, known, since)
                if told:
                    return f"{pod.name}: {told}"
            return ""

        self._until(missing, "the documents going all the way to the proxy")
        for pod in self.pods:
            pod.progress.settle()

    def _behind(self, pod: GatewayPod, marker: str, changed: Iterable[str]) -> str:
        pod.listen()
        marked = marker in pod.proxy.clusters(f"^{marker}$")
        shown, before = updated(pod.proxy.extensions()), self._shown.get(pod.uid, {})
        moved = all(shown.get(name) != before[name] for name in changed if name in before)
        channels = self.istiods.channels(pod.id)
        pod.progress.observe(channels, marked=marked, moved=moved, now=time.monotonic())
        if not channels:
            return "the proxy is connected to no istiod"
        return pod.progress.missing()

    def _lacking(self, pod: GatewayPod, known: set[str], since: dict[str, float]) -> str:
        """Return the extensions that the proxy has not got and that may still come."""
        sent = self.istiods.listeners(pod.id)
        if pod is self.pods.first:
            self.sent = sent
        if pod.progress.refused & {LDS, ECDS}:
            return ""  # it asks for nothing that a refused listener needs, or refused just these
        lacking = received.wanted(sent) - names(pod.proxy.extensions())
        now = time.monotonic()
        waited = now - since.setdefault(pod.name, now)
        if lacking & known or (lacking and waited < UNFORETOLD_SECONDS):
            return f"the proxy has not got {', '.join(sorted(lacking))}"
        return ""

    def refusals(self, pod: GatewayPod) -> tuple[str, ...]:
        """Return a proxy's own words about what it refused and has not got otherwise since."""
        told = sorted(pod.progress.refusals.items())
        return tuple(words for kind, words in told if kind != ECDS or self._stands(pod))

    def _stands(self, pod: GatewayPod) -> bool:
        # What no listener wants any more is nothing; what the agent held back it refused itself.
        return bool(received.wanted(self.sent)) and not self.held(pod)

    def held(self, pod: GatewayPod) -> str:
        """Return the agent's words where it gave a whole response back to istiod, else ""."""
        words = pod.progress.refusals.get(ECDS, "") if ECDS in pod.progress.refused else ""
        return words if _HELD.search(words) else ""

    def unmet(self, pod: GatewayPod) -> tuple[str, ...]:
        """Return the extensions that the proxy waits for in vain."""
        if pod.progress.refused & {LDS, ECDS} and not self.held(pod):
            return ()
        return tuple(sorted(received.wanted(self.sent) - names(pod.proxy.extensions())))

    def failures(
        self,
        pod: GatewayPod,
        extensions: Iterable[Mapping[str, Any]],
        back: Callable[[str], str],
    ) -> tuple[str, ...]:
        """Return the agent's words about modules of these extensions that it could not get.

        `back` gives addresses as they were published. The log may be a moment behind what the
        proxy shows of a failure; then it is waited for.
        """
        wanted = received.wanted(self.sent)
        mine = [each for each in extensions if each["name"] in wanted]
        if not mine:
            return ()

        def told() -> tuple[str, ...]:
            pod.listen()
            return received.concerning(map(back, pod.said.failures), mine)

        substituted = received.substituted(pod.proxy.extensions(), mine)
        refused = pod.progress.refusals.get(ECDS, "") if ECDS in pod.progress.refused else ""
        if received.SUBSTITUTE_REFUSED in refused:
            substituted = substituted or {each["name"] for each in mine}
        if not substituted and not self.held(pod):
            return told()
        try:
            return waiting.until(
                told, bool, what="the agent's words", within=LOG_SECONDS, every=POLL_SECONDS
            )
        except waiting.TimedOut:
            if words := self.held(pod):
                return (back(words),)
            return tuple(
                f"the agent put an RBAC filter in the place of {name}, and says nothing about why"
                for name in sorted(substituted)
            )

    def wait_for_log(self) -> None:
        """Wait until each log tells of the refusals that istiod tells of."""
        for pod in self.pods:
            if not pod.progress.refused:
                continue

            def heard(pod: GatewayPod = pod) -> bool:
                pod.listen()
                return pod.progress.heard

            try:
                waiting.until(heard, bool, what="the log", within=LOG_SECONDS, every=POLL_SECONDS)
            except waiting.TimedOut:
                continue  # somebody turned warnings off

    def check_listeners(self) -> None:
        """Wait until every pod serves the listeners it was sent; raises waiting.TimedOut."""
        for pod in self.pods:
            gate.check_listeners(pod.proxy, self.sent, may_drain=True)

    def wait_until_forgotten(self, fresh: Iterable[str]) -> None:
        """Wait until no proxy knows extensions of these names from listeners that drain.

        What comes under such a name could be refused, and the old one would serve on.
        """
        lingering = set(fresh) - received.wanted(self.sent)
        for pod in self.pods if lingering else ():

            def left(pod: GatewayPod = pod) -> set[str]:
                return lingering & names(pod.proxy.extensions())

            if not left():
                continue
            within = pod.proxy.drain_seconds() + ANSWER_SECONDS
            try:
                waiting.until(
                    left,
                    lambda seen: not seen,
                    what=f"the proxy forgetting extensions of the same name ({pod.name})",
                    within=within,
                    every=0.05,
                )
            except waiting.TimedOut as error:
                raise gate.NotProven(str(error)) from error

    def _until(self, missing: Callable[[], str], what: str) -> None:
        try:
            waiting.until(
                missing,
                lambda told: not told,
                what=what,
                within=ANSWER_SECONDS,
                every=POLL_SECONDS,
            )
        except waiting.TimedOut as error:
            raise gate.NotProven(f"{error}\n{self.last_words()}") from error

    def last_words(self) -> str:
        """Return the last lines of each pod's log, without what must not be in a report."""
        return "\n".join(
            f"last in the log of {pod.name}:\n"
            + "\n".join(
                f"  {line[:300]}"
                for line in redaction.words(pod.proxy.log_since(0)).splitlines()[-LAST_LINES:]
            )
            for pod in self.pods
        )


def names(dump: Mapping[str, Any]) -> set[str]:
    """Return the names of the extensions in a proxy's dump of them."""
    return set(updated(dump))


def updated(dump: Mapping[str, Any]) -> dict[str, str]:
    """Return when a proxy last got each of the extensions in its dump of them."""
    return {
        each["ecds_filter"].get("name", ""): each.get("last_updated", "")
        for each in dump.get("configs", [])
    }
