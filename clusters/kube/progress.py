"""Whether a change has gone all the way to one proxy, without a word in any debug log.

Each change ends with a marker: a cluster of ours under a name not used before, brought by an
EnvoyFilter. What istiod noticed before it is in the same push. Once the proxy shows the marker,
the number of that push is known from istiod's page syncz, and every other type must have come from
that push, or a later one, and have been answered.

istiod tells only the last message of a type, and the last that was accepted. One that the proxy
refused never becomes the accepted one, so refusals are counted in the proxy's log beside the
messages that were seen. And extensions are not answered in order: the agent holds a message back
while it fetches a module, and a later one may overtake it. That the one behind was answered is
seen, by the page or by the extensions that the proxy shows, or else waited for as long as an agent
may fetch.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters.kube.channels import CDS, ECDS, EDS, LDS, RDS, Channel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What a push for an EnvoyFilter brings to every proxy that asked for it.
DUE = (LDS, RDS, ECDS)
ANSWERED = (CDS, EDS, LDS, RDS, ECDS)
#: A refusal that the log does not tell, because somebody turned that off, is believed then.
QUIET_SECONDS = 2.0
#: One line for each message; of "gRPC config for …" there is one for each name asked for.
_REFUSED = re.compile(
    r"delta config for type\.googleapis\.com/\S*?\.(?P<kind>\w+) rejected: "
    r"(?P<words>.*?)(?:\tthread=\d+)?$"
)
_KINDS = {
    "Cluster": CDS,
    "ClusterLoadAssignment": EDS,
    "Listener": LDS,
    "RouteConfiguration": RDS,
    "TypedExtensionConfig": ECDS,
}


@dataclass(slots=True)
class Progress:
    """What is known about one proxy; `refusals` are its words that stand, by type.

    For each change: `begin`, then `observe` and `hear` until `missing` says "", then `settle`.
    """

    refusals: dict[str, str] = field(default_factory=dict)
    _channels: Mapping[str, Channel] = field(default_factory=dict)
    _before: dict[str, str] = field(default_factory=dict)
    _sent: dict[str, list[str]] = field(default_factory=dict)
    _accepted: set[tuple[str, str]] = field(default_factory=set)
    _refused: Counter[str] = field(default_factory=Counter)
    _words: dict[str, str] = field(default_factory=dict)
    _push: int = 0
    _patience: float = 0.0
    _moved: bool = True
    _since: float = 0.0
    _now: float = 0.0

    def begin(self, channels: Mapping[str, Channel]) -> None:
        """Begin a change; what is told from now on belongs to it."""
        self._patience, self._moved = 0.0, True
        self._channels = channels
        self._before = {kind: channel.sent for kind, channel in channels.items()}
        self._accepted = set()
        self._sent, self._refused, self._words, self._push = {}, Counter(), {}, 0

    def expect(self, seconds: float) -> None:
        """Note how long an agent may fetch what this change brings."""
        self._patience = seconds

    def observe(
        self, channels: Mapping[str, Channel], *, marked: bool, now: float, moved: bool = True
    ) -> None:
        """Take istiod's page into account.

        `marked` tells that the proxy showed the marker before the page was read, `moved` that it
        has other extensions than before wherever this change brings others; `now` is any clock's
        time in seconds.
        """
        self._moved = moved
        if channels != self._channels or not self._since:
            self._since = now
        self._channels = channels
        for kind, channel in channels.items():
            sent = self._sent.setdefault(kind, [])
            if channel.sent != self._before.get(kind, "") and channel.sent not in sent:
                sent.append(channel.sent)
            self._accepted.add((kind, channel.acked))
        if marked and not self._push and CDS in channels:
            self._push = channels[CDS].number
        self._now = now

    def hear(self, lines: Iterable[str]) -> None:
        """Take lines of the proxy's log into account."""
        for line in lines:
            if found := _REFUSED.search(line):
                kind = _KINDS.get(found["kind"], found["kind"])
                self._refused[kind] += 1
                self._words.setdefault(kind, found["words"].strip())

    @property
    def refused(self) -> set[str]:
        """Return the types of which the proxy refused a message in this change."""
        return {kind for kind in ANSWERED if self._refused[kind] or self._turned_down(kind)}

    @property
    def heard(self) -> bool:
        """Tell whether the log has told of each type that was refused in this change."""
        return all(self._refused[kind] for kind in self.refused)

    def missing(self) -> str:
        """Return what is still to come before the proxy has everything, "" when nothing is."""
        if not self._push:
            return "the proxy does not show the marker of this change"
        behind = [
            f"istiod has not sent {kind} of push {self._push} (last {channel.number})"
            for kind in DUE
            if (channel := self._channels.get(kind)) and channel.number < self._push
        ]
        unanswered = [
            f"the agent or the proxy has not answered {kind} of push {channel.number}"
            for kind in ANSWERED
            if (channel := self._channels.get(kind)) and not self._answered(kind, channel)
        ]
        return "; ".join([*behind, *unanswered])

    def _open(self, kind: str) -> list[str]:
        """Return the messages of this change that were not seen to be accepted."""
        sent, channel = self._sent.get(kind, []), self._channels.get(kind, Channel())
        if kind != ECDS and channel.acked in sent:
            return sent[sent.index(channel.acked) + 1 :]
        return [each for each in sent if (kind, each) not in self._accepted]

    def _answered(self, kind: str, channel: Channel) -> bool:
        left, quiet = self._open(kind), self._now - self._since
        if len(left) <= self._refused[kind]:
            return True
        if channel.accepted:
            return self._moved or quiet >= self._patience
        return bool(channel.error) and quiet >= QUIET_SECONDS

    def _turned_down(self, kind: str) -> bool:
        """Tell whether the last message is one of this change and was refused.

        What istiod tells of an error is of no use before: it stands until a message is accepted.
        """
        channel = self._channels.get(kind, Channel())
        return channel.sent in self._open(kind) and self._answered(kind, channel)

    def settle(self) -> None:
        """Note which refusals stand now that the change is over."""
        for kind in ANSWERED:
            if self._turned_down(kind):
                self.refusals[kind] = self._channels[kind].error or self._words.get(kind, "")
            elif kind == ECDS and self._refused[kind]:
                # Envoy accepts refused extensions when the same bytes come again, as they do in the
                # next push of one change.
                self.refusals[kind] = self._words.get(kind, "")
            elif self._sent.get(kind):
                self.refusals.pop(kind, None)
