"""What istiod and one proxy say to each other, as istiod's log tells it line by line.

istiod says in its log (scopes push or fullpush, ads, delta) which documents caused a push, when
the push was made and under which number, each message to a proxy and each answer. A push that
changes nothing for the proxy is told like any other. Facts: pilot/pkg/xds/{discovery,delta}.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_TIMED = re.compile(r"\d{4}-\d\d-\d\dT")
_TRIGGER = re.compile(r"push triggered configs=\[(?P<configs>.*)\] reasons=")
_STABLE = re.compile(r"Push debounce stable\[\d+\] (?P<events>\d+) for ")
_PUSHING = re.compile(r"XDS: (?:Incremental )?Pushing .*Version:\S*/(?P<number>\d+)$")
_CONNECTED = re.compile(r"ADS: new delta connection for node:(?P<connection>\S+)")
_ENDED = re.compile(r"ADS: \"\S+\" (?P<connection>\S+) terminated")
_SKIPPED = re.compile(r"Skipping push to (?P<connection>\S+), no updates required")
_SENT = re.compile(
    r"\t(?P<kind>[A-Z]+): PUSH.* for node:(?P<node>\S+) .* nonce:(?P<nonce>\S+) "
    r"version:\S*/(?P<number>\d+)"
)
_REQUEST = re.compile(
    r"ADS:(?P<kind>[A-Z]+): REQ (?P<connection>\S+) resources sub:\d+ unsub:\d+ "
    r"nonce:(?P<nonce>\S*)"
)
_NAMES = re.compile(
    r"ADS:(?P<kind>[A-Z]+) REQUEST (?P<connection>\S+): sub:\[(?P<sub>.*?)\] "
    r"unsub:\[(?P<unsub>.*?)\] initial:"
)
_INIT = re.compile(r"ADS:(?P<kind>[A-Z]+): (?:INIT|RECONNECT) (?P<connection>\S+)")
_REFUSED = re.compile(r"ADS:(?P<kind>[A-Z]+): ACK ERROR (?P<connection>\S+) \w+:(?P<text>.*)")

#: Kinds of documents whose push leaves the routes alone; every other one sends them anew.
WITHOUT_ROUTES = ("WasmPlugin", "TrafficExtension")
ECDS = "ECDS"


@dataclass(slots=True)
class Channel:
    """The messages of one type ("LDS"): the last one sent, and whether it is answered.

    `number` is the push that the last message belongs to, `refusal` the proxy's words about the
    last one that it answered, `names` what it asked for by name, `awaiting` tells that it asked
    and was not answered yet.
    """

    sent: str = ""
    number: int = 0
    answered: bool = True
    refusal: str = ""
    awaiting: bool = False
    names: set[str] = field(default_factory=set)
    _answer_to: str = ""

    def message(self, nonce: str, number: int) -> None:
        """Note a message of istiod, which belongs to a push."""
        self.sent, self.number = nonce, number
        self.answered = self.awaiting = False

    def request(self, nonce: str) -> None:
        """Note that the proxy says something; whether it refuses is told in the next line."""
        self._answer_to = nonce

    def answer(self, refusal: str) -> None:
        """Note what the request was: a refusal, or anything else ("")."""
        if self._answer_to and self._answer_to == self.sent:
            self.answered, self.refusal = True, refusal
        self._answer_to = ""


@dataclass(slots=True)
class Conversation:
    """The state of things between istiod and the proxy `node` ("name.namespace").

    Feed it every line of istiod's log in order. `expect` names the documents that are about to
    change; from then on `push` is the number of the push that holds all of them, 0 until it was
    made.
    """

    node: str
    connection: str = ""
    channels: dict[str, Channel] = field(default_factory=dict)
    push: int = 0
    skipped: int = 0
    _pushing: int = 0
    _missing: set[str] = field(default_factory=set)
    _expected: frozenset[str] = frozenset()
    _undebounced: int = 0
    _stable: bool = False
    _refused: Channel | None = None

    def expect(self, documents: Collection[str]) -> None:
        """Await a push for changed documents, each as istiod names it: "EnvoyFilter/ns/name"."""
        self._expected = frozenset(documents)
        self._missing = set(documents)
        self._stable = False
        self.push = 0 if documents else self._pushing

    def read(self, line: str) -> None:
        """Take one line of the log into account."""
        if not _TIMED.match(line):
            if self._refused:  # the proxy's words had more than one line
                self._refused.refusal += f"\n{line}"
            return
        self._refused = None
        if found := _TRIGGER.search(line):
            self._triggered(found["configs"].split(" "))
        elif found := _STABLE.search(line):
            self._undebounced = max(0, self._undebounced - int(found["events"]))
            self._stable = not self._missing and not self._undebounced
        elif found := _PUSHING.search(line):
            self._pushing = int(found["number"])
            if self._stable and not self.push:
                self.push = self._pushing
        elif found := _CONNECTED.search(line):
            if found["connection"].startswith(f"{self.node}-"):
                self.connection, self.channels, self.skipped = found["connection"], {}, 0
        elif self.connection and self.connection in line:
            self._heard(line)
        elif (found := _SENT.search(line)) and found["node"] == self.node:
            self._channel(found["kind"]).message(found["nonce"], int(found["number"]))

    def _triggered(self, configs: Iterable[str]) -> None:
        self._undebounced += 1
        for config in configs:
            # A service entry goes by its hosts there, a translated plugin by a longer name.
            self._missing -= {
                one for one in self._missing if config.startswith(one) or _same_kind(config, one)
            }

    def _heard(self, line: str) -> None:
        if found := _REFUSED.search(line):
            self._refused = self._channel(found["kind"])
            self._refused.answer(found["text"].strip())
        elif found := _REQUEST.search(line):
            self._channel(found["kind"]).request(found["nonce"])
        elif found := _NAMES.search(line):
            channel = self._channel(found["kind"])
            channel.answer("")
            asked = set(found["sub"].split())
            channel.names = (channel.names | asked) - set(found["unsub"].split())
            channel.awaiting = channel.awaiting or bool(asked)
        elif found := _INIT.search(line):
            self._channel(found["kind"]).awaiting = True
        elif _SKIPPED.search(line):
            self.skipped = self._pushing
        elif _ENDED.search(line):
            self.connection = ""

    def _channel(self, kind: str) -> Channel:
        return self.channels.setdefault(kind, Channel())

    def missing(self) -> str:
        """Return what is still to come before the proxy has everything, "" when nothing is."""
        if self._missing:
            return f"istiod has not noticed {', '.join(sorted(self._missing))}"
        if not self.push:
            return "istiod has noticed the documents and made no push of them yet"
        if not self.connection:
            return "no proxy is connected to istiod"
        return "; ".join([*self._unsent(), *self._unanswered()])

    def _unsent(self) -> Iterable[str]:
        if self.skipped >= self.push:
            return
        for kind in self._types():
            channel = self.channels.get(kind)
            if channel and channel.number < self.push:
                yield f"istiod has not sent {kind} of push {self.push} (last {channel.number})"

    def _types(self) -> Iterable[str]:
        kinds = {one.partition("/")[0] for one in self._expected}
        if kinds - set(WITHOUT_ROUTES):
            yield "RDS"
        if kinds & {"EnvoyFilter", *WITHOUT_ROUTES}:
            yield from ("LDS", ECDS)

    def _unanswered(self) -> Iterable[str]:
        for kind, channel in self.channels.items():
            if channel.awaiting:
                yield f"istiod has not answered the proxy's question for {kind}"
            elif not channel.answered:
                who = "the agent or the proxy has" if kind == ECDS else "the proxy has"
                yield f"{who} not answered {kind} of push {channel.number}"


def _same_kind(config: str, expected: str) -> bool:
    kind = expected.partition("/")[0]
    return kind == "ServiceEntry" and config.startswith("ServiceEntry/")
