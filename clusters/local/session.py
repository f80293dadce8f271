"""istiod, its agent and the proxy at work together: whether a change has gone all the way."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import gate, processes, waiting
from clusters.following import Follower
from clusters.istio import received
from clusters.istio.agent_log import AgentLog
from clusters.local import pilot_agent
from clusters.local.conversation import ECDS, SDS, Conversation
from clusters.local.doorway import url_of
from clusters.local.istiod import IstiodFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from clusters.local.istiod import Istiod
    from clusters.local.pilot_agent import PilotAgent
    from clusters.pilot.node import Node

ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.002
LISTENER_SECONDS = 30.0
LAST_LINES = 8
_HELD_BACK = re.compile(r"(?<=NACK for ECDS resources )\[.*\](?=, err: )")


@dataclass(slots=True)
class Session:
    """The processes of one gateway, and what their logs have told so far.

    `begin` starts an agent with variables of its own environment. `listener` is the gateway's, by
    its name; `sent` are the listeners that istiod sent last.
    """

    istiod: Istiod
    node: Node
    begin: Callable[[Mapping[str, str]], PilotAgent]
    agent: PilotAgent
    conversation: Conversation
    listener: str
    said: AgentLog = field(default_factory=AgentLog)
    sent: list[dict[str, Any]] = field(default_factory=list)
    _istiod_log: Follower = field(init=False)
    _agent_log: Follower = field(init=False)

    def __post_init__(self) -> None:
        self._istiod_log = Follower(self.istiod.process.log)
        self._agent_log = Follower(self.agent.process.log)

    def check(self) -> None:
        """Raise processes.ProcessFailed, in its own last words, for the process that ended."""
        self.istiod.process.check()
        self.agent.check()

    def listen(self) -> None:
        """Take in what the logs have told since the last time."""
        for line in self._istiod_log.new_lines():
            self.conversation.read(line)
        self.said.read(self._agent_log.new_lines())

    def before_change(self) -> None:
        """Get ready for a change: what is told from now on belongs to it."""
        self.check()
        self.listen()
        self.said.begin()

    def wait_for(self, documents: Collection[str]) -> None:
        """Return once changed documents have gone all the way: sent, passed on and answered.

        They are named as istiod does, "EnvoyFilter/namespace/name". Raises gate.NotProven, saying
        which step is missing and who said what last.
        """
        self.conversation.expect(documents)
        try:
            waiting.until(
                self._missing,
                lambda missing: not missing,
                what="the documents going all the way to the proxy",
                within=ANSWER_SECONDS,
                every=POLL_SECONDS,
            )
        except waiting.TimedOut as error:
            raise gate.NotProven(f"{error}\n{self.last_words()}") from error

    def _missing(self) -> str:
        self.check()
        self.listen()
        missing = self.conversation.missing()
        if missing:
            return missing
        self.sent = self.istiod.listeners(f"{pilot_agent.POD}.{self.node.namespace}")
        channels = self.conversation.channels
        if "LDS" in channels and channels["LDS"].refusal:
            return ""  # it asks for nothing that a refused listener needs
        asked = channels[ECDS].names if ECDS in channels else set()
        unasked = received.wanted(self.sent) - asked
        return f"the proxy has not asked for {', '.join(sorted(unasked))}" if unasked else ""

    def refusals(self) -> tuple[str, ...]:
        """Return the proxy's own words about what it refused and has not got otherwise since."""
        channels = sorted(self.conversation.channels.items())
        return tuple(one.refusal for kind, one in channels if one.refusal and self._stands(kind))

    def _stands(self, kind: str) -> bool:
        if kind != ECDS:
            return True
        # What the agent held back it refused itself; what no listener wants any more is nothing.
        refused = self.conversation.channels[ECDS].refused
        return not self.said.nack and bool(refused & received.wanted(self.sent))

    def unmet(self) -> tuple[str, ...]:
        """Return what the proxy waits for: extensions never passed on, secrets never sent."""
        secrets = self.conversation.channels.get(SDS)
        unsent = secrets.names if secrets and secrets.awaiting else set()
        return tuple(sorted(received.wanted(self.sent) - self.said.forwarded | unsent))

    def substituted(self, extensions: Collection[Mapping[str, Any]]) -> set[str]:
        """Return the extensions in whose place the agent gave the proxy an RBAC filter."""
        if not extensions:
            return set()
        dump = json.loads(self.agent.proxy.read("/config_dump?resource=ecds_filters"))
        return received.substituted(dump, extensions)

    def restart_agent(self, variables: Mapping[str, str]) -> str:
        """Start the agent, and with it the proxy, anew; returns the gateway's new address."""
        self.agent.stop()
        self.agent = self.begin(variables)
        self.said = AgentLog()
        return self.ready()

    def ready(self) -> str:
        """Return the address of the gateway, once the proxy has all that istiod holds for it."""
        waiting.until(
            self._connection,
            bool,
            what="the proxy connecting to istiod",
            within=LISTENER_SECONDS,
            every=POLL_SECONDS,
        )
        self.wait_for(())
        return url_of(self.agent.proxy, self.listener)

    def _connection(self) -> str:
        self.check()
        self.listen()
        return self.conversation.connection

    def last_words(self) -> str:
        """Return the last lines of all three logs."""
        logs = {
            "istiod": self.istiod.process.log,
            "pilot-agent": self.agent.process.log,
            "Envoy": self.agent.proxy.log,
        }
        return "\n".join(f"last in {name}'s log:\n{_tail(log)}" for name, log in logs.items())

    def evidence(self, folder: Path) -> None:
        """Write what istiod and the agent know and have said into `folder`."""
        for name, log in (("istiod", self.istiod.process.log), ("agent", self.agent.process.log)):
            # What the agent refuses it prints as a whole, pull secrets too.
            told = _HELD_BACK.sub("[…]", log.read_text(errors="replace"))
            (folder / f"{name}.log").write_text(told, encoding="utf-8")
        pages = {"istiod-syncz.json": "/debug/syncz", "istiod-dump.json": self._dump_page()}
        for name, page in pages.items():
            try:
                text = self.istiod.ask(page)
            except (IstiodFailed, processes.ProcessFailed) as error:
                text = str(error)
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")

    def _dump_page(self) -> str:
        return f"/debug/config_dump?proxyID={pilot_agent.POD}.{self.node.namespace}"

    def stop(self) -> None:
        """End all processes."""
        with contextlib.suppress(ProcessLookupError):
            self.agent.stop()
        self.istiod.process.kill()


def _tail(log: Path) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"  {line[:300]}" for line in text.splitlines()[-LAST_LINES:])
