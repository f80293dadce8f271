"""One configPatch of an EnvoyFilter, and what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.pilot.documents import Key

if TYPE_CHECKING:
    from clusters.pilot.documents import Document

_REWRITTEN_TO_ADD = ("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST")
_WITH_INSERTS = ("HTTP_FILTER", "NETWORK_FILTER", "HTTP_ROUTE", "LISTENER_FILTER")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one patch: `sentence` says what it was applied to, or why it was not.

    A WasmPlugin or TrafficExtension has one: `apply_to` is the class of its filter and `operation`
    its phase.
    """

    document: Key
    index: int
    apply_to: str
    operation: str
    effective: bool
    sentence: str
    depth: int = -1
    """How far it came before a condition failed, see ledger.Depth; -1 where nothing tells."""
    untold: bool = False
    """Nothing was changed here, and elsewhere something may be; the sentence tells what."""

    @property
    def status(self) -> str:
        """Return in two words what became of it."""
        if self.effective:
            return "effective"
        return "cannot tell" if self.untold else "no effect"

    @property
    def part(self) -> str:
        """Return which part of its document this is about, and what that does."""
        index = f"configPatches[{self.index}] " if self.document[0] == "EnvoyFilter" else ""
        return f"{index}{self.apply_to} {self.operation}"


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One patch: where it may go (`match`), what is done there and with which value."""

    document: Key
    index: int
    apply_to: str
    operation: str
    match: Mapping[str, Any]
    value: Mapping[str, Any]

    @property
    def listener(self) -> Mapping[str, Any]:
        """Return the listener part of the match, empty when it names none."""
        return self.match.get("listener") or {}

    @property
    def filter_name(self) -> str | None:
        """Return the network filter the match names, or None when it names none."""
        wanted = (self.listener.get("filterChain") or {}).get("filter")
        return None if wanted is None else wanted.get("name") or ""

    @property
    def sub_filter_name(self) -> str | None:
        """Return the HTTP filter the match names, or None when it names none."""
        wanted = (self.listener.get("filterChain") or {}).get("filter") or {}
        sub = wanted.get("subFilter")
        return None if sub is None else sub.get("name") or ""

    @property
    def listener_filter(self) -> str:
        """Return the listener filter the match names, "" when it names none."""
        return self.listener.get("listenerFilter") or ""

    @property
    def routes(self) -> Mapping[str, Any]:
        """Return the route configuration part of the match, empty when it names none."""
        return self.match.get("routeConfiguration") or {}

    @property
    def virtual_host(self) -> Mapping[str, Any]:
        """Return the virtual host part of the match, empty when it names none."""
        return self.routes.get("vhost") or {}

    @property
    def route(self) -> Mapping[str, Any] | None:
        """Return the route part of the match, or None when it names none."""
        wanted: Mapping[str, Any] | None = self.virtual_host.get("route")
        return wanted

    def outcome(
        self, effective: bool, sentence: str, depth: int = -1, *, untold: bool = False
    ) -> Outcome:
        """Return an outcome of this patch."""
        return Outcome(
            document=self.document,
            index=self.index,
            apply_to=self.apply_to,
            operation=self.operation,
            effective=effective,
            sentence=sentence,
            depth=depth,
            untold=untold,
        )

    def __str__(self) -> str:
        """Return how people name the patch: `istio-system/basic-auth configPatches[0]`."""
        _, namespace, name = self.document
        return f"{namespace}/{name} configPatches[{self.index}]"


def patches(document: "Document") -> Iterable[Patch]:
    """Yield the patches of a validated EnvoyFilter in their order.

    An insert of what has no order is the same as ADD, as istiod rewrites it (istio.md 1.5).
    """
    for index, entry in enumerate(document.spec.get("configPatches") or []):
        apply_to, patch = entry["applyTo"], entry["patch"]
        operation = patch["operation"]
        if operation in _REWRITTEN_TO_ADD and apply_to not in _WITH_INSERTS:
            operation = "ADD"
        yield Patch(
            document=document.key,
            index=index,
            apply_to=apply_to,
            operation=operation,
            match=entry.get("match") or {},
            value=patch.get("value") or {},
        )
