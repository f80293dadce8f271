"""Documents come and go: what is the same in every place, whoever delivers them."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from clusters import gate
from clusters.pilot import documents as istio_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusters.cluster import Delivery, Proof
    from clusters.gateway import Gateway
    from clusters.pilot.documents import Document

    Documents = dict[tuple[str, str, str], Document]
    #: Puts documents in the place of those that were there; the second argument are the new ones.
    Deliver = Callable[[Documents, tuple[Document, ...]], Delivery]

EPOCH = datetime(2021, 2, 9, tzinfo=UTC)


@dataclass(slots=True)
class Deliveries:
    """The documents of one gateway: `held` now, brought and taken back by `deliver`.

    `check_listeners` raises unless every proxy serves the listeners that the control plane sent
    last. Where several proxies answer in turn, `in_a_row` tells how many answers must agree.
    """

    held: Documents
    gateway: Gateway
    deliver: Deliver
    check_listeners: Callable[[], None]
    in_a_row: Callable[[], int] = lambda: 1
    _last: Delivery | None = None
    _clock: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _versions: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def delivered(self, documents: str) -> Iterator[Delivery]:
        """Apply documents whatever becomes of them; take them back on exit.

        A document replaces the one of the same kind, namespace and name, as `kubectl apply` does;
        on exit the replaced one is back. Raises InvalidDocument for what Istio's webhook refuses.
        """
        parsed = istio_documents.parse(documents, source="applied documents")
        before, known = self.held, _troubles(self._last)
        try:
            yield self._bring(before | self._dated(parsed), parsed)
        finally:
            withheld = _withheld(self._last)
            restored = self._bring(before, ())
            new = _troubles(restored) - known
            if withheld and _withheld(restored):
                # Neither response reached the proxy: it serves what it served before the block.
                new -= set(restored.fetch_failures)
            if new:
                told = "\n".join(sorted(new))
                raise gate.NotProven(f"the configuration from before did not come back: {told}")

    @contextmanager
    def applied(self, documents: str, *, proof: Proof | None = None) -> Iterator[Delivery]:
        """Apply documents and yield once their effect is proven; undo it and prove that too.

        `proof` must fail before, hold after and fail again at the end. Raises gate.NotProven in
        one of its kinds, with the reason, or waiting.TimedOut with what was seen last.
        """
        if proof:
            gate.check_absent(self.gateway, proof)
        began = time.monotonic()
        with self.delivered(documents) as delivery:
            gate.check_delivery(delivery)
            self.check_listeners()
            if proof:
                self._wait(proof, present=True)
            yield replace(delivery, seconds=time.monotonic() - began)
        self.check_listeners()
        if proof:
            self._wait(proof, present=False)

    def _wait(self, proof: Proof, *, present: bool) -> None:
        gate.wait_for_effect(self.gateway, proof, present=present, in_a_row=self.in_a_row())

    def _bring(self, documents: Documents, new: tuple[Document, ...]) -> Delivery:
        self._last = self.deliver(documents, new)
        self.held = documents
        return self._last

    def _dated(self, parsed: tuple[Document, ...]) -> Documents:
        """Give each document the age and version that the API server would.

        istiod orders by the age; the agent is told the version, which changes with the content.
        """
        dated = {}
        for document in parsed:
            known = self.held.get(document.key)
            created = document.creation_timestamp or (
                known.creation_timestamp if known else self._now()
            )
            unchanged = known is not None and known.spec == document.spec
            version = known.resource_version if known and unchanged else str(next(self._versions))
            dated[document.key] = replace(
                document, creation_timestamp=created, resource_version=version
            )
        return dated

    def _now(self) -> str:
        # A clock of the run's own: documents applied within one second keep their order.
        return (EPOCH + timedelta(seconds=next(self._clock))).strftime("%Y-%m-%dT%H:%M:%SZ")


def _withheld(delivery: Delivery | None) -> bool:
    return delivery is not None and bool(delivery.agent_nack)


def _troubles(delivery: Delivery | None) -> frozenset[str]:
    if delivery is None:
        return frozenset()
    return frozenset((*delivery.fetch_failures, *delivery.refusals, *delivery.waiting_for))
