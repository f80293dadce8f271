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
    r"\t(?P<kind>[A-Z]+): PUSH.* for node:(?P<node>\S+) resources:(?P<count>\d+) .*"
    r"nonce:(?P<nonce>\S+) "
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
ECDS, SDS = "ECDS", "SDS"
#: What the name of a WasmPlugin ends in where istiod makes a TrafficExtension of it.
TRANSLATED = "~istio-translated-wasmplugin"


@dataclass(slots=True)
class Channel:
    """The messages of one type ("LDS").

    `number` is the push that the last one belongs to, `refusal` the proxy's words about what it
    refused and has not got otherwise since; `refused` are the names that it can be about, `names`
    what the proxy asks for by name. `awaiting` tells that it asked and was not answered yet.
    """

    kind: str
    number: int = 0
    refusal: str = ""
    refused: frozenset[str] = frozenset()
    awaiting: bool = False
    names: set[str] = field(default_factory=set)
    _unanswered: dict[str, int] = field(default_factory=dict)
    _answer_to: str = ""
    _refused_now: bool = False

    @property
    def answered(self) -> bool:
        """Tell whether the proxy has answered every message."""
        return not self._unanswered

    def begin(self) -> None:
        """Note that what comes from now on belongs to another change."""
        self._refused_now = False

    def message(self, nonce: str, number: int, resources: int) -> None:
        """Note a message of istiod, which belongs to a push."""
        self._unanswered[nonce] = resources
        self.number, self.awaiting = number, False

    def request(self, nonce: str) -> None:
        """Note that the proxy says something; whether it refuses is told in the next line."""
        self._answer_to = nonce

    def answer(self, refusal: str) -> None:
        """Note what the request was: a refusal, or anything else ("").

        A later message may be answered first: the agent holds one back while it fetches a module.
        """
        resources = self._unanswered.pop(self._answer_to, 0)
        self._answer_to = ""
        if refusal:
            self.refusal, self._refused_now = refusal, True
            self.refused = frozenset(self.names)
        # A message without content says nothing of what was refused. And Envoy accepts refused
        # extensions when the same bytes come again, as they do in the next push of one change.
        elif resources and not (self.kind == ECDS and self._refused_now):
            self.refusal = ""


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
    _events: list[set[str]] = field(default_factory=list)
    _debounced: set[str] = field(default_factory=set)
    _pushes: dict[str, int] = field(default_factory=dict)
    _stable: bool = False
    _refused: Channel | None = None

    def expect(self, documents: Collection[str]) -> None:
        """Await a push for changed documents, each as istiod names it: "EnvoyFilter/ns/name"."""
        self._expected = frozenset(documents)
        self._missing = set(documents)
        self._stable = False
        self._pushes = {}
        for channel in self.channels.values():
            channel.begin()
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
            events = int(found["events"])
            self._debounced.update(*self._events[:events])
            del self._events[:events]
            self._stable = not self._missing and not self._events
        elif found := _PUSHING.search(line):
            self._pushing = int(found["number"])
            self._pushes |= dict.fromkeys(self._debounced, self._pushing)
            self._debounced = set()
            if self._stable and not self.push:
                self.push = self._pushing
        elif found := _CONNECTED.search(line):
            if found["connection"].startswith(f"{self.node}-"):
                self.connection, self.channels, self.skipped = found["connection"], {}, 0
        elif self.connection and self.connection in line:
            self._heard(line)
        elif (found := _SENT.search(line)) and found["node"] == self.node:
            self._channel(found["kind"]).message(
                found["nonce"], int(found["number"]), int(found["count"])
            )

    def _triggered(self, configs: Iterable[str]) -> None:
        """Note an event, which a later push holds, by the kinds of awaited documents in it."""
        noticed = {one for one in self._expected for config in configs if _is(config, one)}
        self._missing -= noticed
        self._events.append({one.partition("/")[0] for one in noticed})

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
        return self.channels.setdefault(kind, Channel(kind))

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
        for kind, number in self._due().items():
            channel = self.channels.get(kind)
            if channel and channel.number < number:
                yield f"istiod has not sent {kind} of push {number} (last {channel.number})"

    def _due(self) -> dict[str, int]:
        """Return the push each type must come from: istiod may notice documents one by one."""
        due: dict[str, int] = {}
        for document, number in self._pushes.items():
            types = [] if document in WITHOUT_ROUTES else ["RDS"]
            if document in ("EnvoyFilter", *WITHOUT_ROUTES):
                types += ["LDS", ECDS]
            due |= {kind: max(number, due.get(kind, 0)) for kind in types}
        return due

    def _unanswered(self) -> Iterable[str]:
        for kind, channel in self.channels.items():
            if kind == SDS:
                continue  # it gives no secrets to a proxy that came without a certificate
            if channel.awaiting:
                yield f"istiod has not answered the proxy's question for {kind}"
            elif not channel.answered:
                who = "the agent or the proxy has" if kind == ECDS else "the proxy has"
                yield f"{who} not answered {kind} of push {channel.number}"


def _is(config: str, document: str) -> bool:
    """Tell whether a document is what istiod calls `config`."""
    kind, _, name = document.partition("/")
    if kind == "ServiceEntry":  # goes by its hosts
        return config.startswith("ServiceEntry/")
    if kind == "WasmPlugin" and config == f"TrafficExtension/{name}{TRANSLATED}":
        return True
    return config == document
