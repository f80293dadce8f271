"""One proxy's side of an ADS stream: what it asked for, was sent, accepted and refused.

State of the world, as Envoy speaks it by default. No gRPC in here: requests go in as plain
values, the answers that are due come out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Envoy asks for everything of these types; of the others it names what it wants.
WILDCARD_TYPES = (protos.CDS, protos.LDS)
#: The order in which istiod pushes.
PUSH_ORDER = (protos.CDS, protos.EDS, protos.LDS, protos.RDS, protos.SDS, protos.ECDS)


@dataclass(frozen=True, slots=True)
class Packed:
    """A resource ready for the wire, known by its content."""

    name: str
    any: Any
    digest: str

    @classmethod
    def of(cls, name: str, resource: Mapping[str, Any], type_url: str) -> Packed:
        """Pack one resource given in Envoy's JSON form; equal content is packed once."""
        return _pack(name, json.dumps(resource, sort_keys=True), type_url)


@lru_cache(maxsize=1024)
def _pack(name: str, text: str, type_url: str) -> Packed:
    # The text decides: Envoy's own form has one spelling, and most of a push never changes.
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Packed(name, protos.pack(json.loads(text), type_url), digest)


@dataclass(frozen=True, slots=True)
class Answer:
    """A discovery response that is due."""

    type_url: str
    nonce: str
    resources: tuple[Packed, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Envoy's NACK: which resources it refused and its own words."""

    type_url: str
    names: tuple[str, ...]
    text: str


Store = dict[str, dict[str, Packed]]


@dataclass(slots=True)
class Stream:
    """What one stream has asked for, and what became of each answer."""

    _names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _sent: dict[tuple[str, str], str] = field(default_factory=dict)
    _awaiting: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    _refused: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    _counter: int = 0

    def request(
        self, type_url: str, *, nonce: str, names: Iterable[str], error: str, store: Store
    ) -> list[Answer]:
        """Take one request of the proxy and return the answers it calls for.

        A request with a nonce that awaits its answer is an ACK or, with an error, a NACK. It may
        name new resources at the same time: Envoy adds names under the old nonce.
        """
        asked = tuple(names)
        new = not nonce or set(asked) - set(self._names.get(type_url, ()))
        self._names[type_url] = asked
        self._forget_unsubscribed(type_url, asked)
        answered = self._awaiting.pop(nonce, None)
        if answered and error:
            refusal = Refusal(type_url, answered[1], error.strip())
            self._refused |= {(type_url, name): refusal for name in answered[1]}
        answers = self._due(type_url, store)
        if new and not answers:
            # istiod answers a subscription that it has nothing for with an empty response.
            answers = [self._answer(type_url, ())]
        return answers

    def due(self, store: Store) -> list[Answer]:
        """Return the answers that a changed store calls for, in istiod's order."""
        return [
            answer
            for type_url in PUSH_ORDER
            if type_url in self._names
            for answer in self._due(type_url, store)
        ]

    def settled(self) -> bool:
        """Tell whether the proxy has answered everything that it was sent."""
        return not self._awaiting

    def started(self) -> bool:
        """Tell whether the proxy has asked for clusters and for listeners, its first requests."""
        return all(kind in self._names for kind in WILDCARD_TYPES)

    def refusals(self) -> tuple[Refusal, ...]:
        """Return the refusals of what was sent last, each once.

        Envoy acknowledges refused bytes when they come again (it compares them with the last it
        saw), so they are never sent twice and a refusal stands until other content replaces it.
        """
        return tuple(dict.fromkeys(self._refused.values()))

    def unanswered(self) -> tuple[str, ...]:
        """Return the names that the proxy waits for and was never given."""
        return tuple(
            name
            for type_url, names in self._names.items()
            if type_url not in WILDCARD_TYPES
            for name in names
            if (type_url, name) not in self._sent
        )

    def _forget_unsubscribed(self, type_url: str, asked: tuple[str, ...]) -> None:
        if type_url in WILDCARD_TYPES:
            return
        for known in [key for key in self._sent if key[0] == type_url and key[1] not in asked]:
            # A new subscription under the same name starts from nothing on Envoy's side too.
            del self._sent[known]
            self._refused.pop(known, None)

    def _due(self, type_url: str, store: Store) -> list[Answer]:
        resources = store.get(type_url)
        if resources is None:
            return []
        if type_url in WILDCARD_TYPES:
            key = (type_url, "*")
            digest = ",".join(packed.digest for packed in resources.values())
            if self._sent.get(key) == digest:
                return []
            self._sent[key] = digest
            self._refused = {k: v for k, v in self._refused.items() if k[0] != type_url}
            if type_url == protos.CDS:
                # A changed cluster serves when its endpoints have come once more, and the proxy,
                # which has asked for them already, does not ask again.
                self._sent = {k: v for k, v in self._sent.items() if k[0] != protos.EDS}
            return [self._answer(type_url, tuple(resources.values()))]
        changed = [
            resources[name]
            for name in self._names.get(type_url, ())
            if name in resources and self._sent.get((type_url, name)) != resources[name].digest
        ]
        for packed in changed:
            self._sent[type_url, packed.name] = packed.digest
            self._refused.pop((type_url, packed.name), None)
        if type_url == protos.ECDS:
            # One extension per answer, so that a NACK says which one was refused.
            return [self._answer(type_url, (packed,)) for packed in changed]
        return [self._answer(type_url, tuple(changed))] if changed else []

    def _answer(self, type_url: str, resources: tuple[Packed, ...]) -> Answer:
        self._counter += 1
        nonce = str(self._counter)
        self._awaiting[nonce] = (type_url, tuple(packed.name for packed in resources))
        return Answer(type_url, nonce, resources)
