"""The extensions of a push: into the listeners, onto ECDS, and what became of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.pilot import secrets
from clusters.pilot.envoyfilter.ledger import Depth
from clusters.pilot.envoyfilter.selection import ROOT_NAMESPACE
from clusters.pilot.wasm import address, filters
from clusters.pilot.wasm.attachment import ordered, why_not, why_not_on
from clusters.pilot.wasm.configuration import configuration, secret_name
from clusters.pilot.wasm.extension import extension
from clusters.pilot.wasm.fields import KINDS

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document
    from clusters.pilot.envoyfilter.patch import Outcome
    from clusters.pilot.node import Node
    from clusters.pilot.wasm.extension import Extension

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plugins:
    """The extensions that documents declare, in the order in which a request meets them.

    `reasons` tells of those that do not reach the proxy why, `pull_secrets` holds what istiod
    finds for those that reach it and name a Secret.
    """

    every: tuple["Extension", ...]
    reasons: Mapping["Extension", str]
    pull_secrets: Mapping["Extension", str | None]
    proxy_namespace: str
    behaviours: "Behaviours"

    def placed(self, listener: Mapping[str, Any]) -> Resource:
        """Return a generated listener with the extensions that belong there."""
        reaching = [one for one in self.every if one not in self.reasons]
        return filters.placed(listener, reaching, self.behaviours)

    def configurations(self) -> tuple[Resource, ...]:
        """Return what ECDS has for a proxy that asks: all of its namespace and the root's."""
        namespaces = (self.proxy_namespace, ROOT_NAMESPACE)
        return tuple(
            configuration(one, self.pull_secrets.get(one), self.behaviours)
            for one in self.every
            if not one.lua and one.document.namespace in namespaces and not _discarded(one)
        )

    def outcomes(self, listeners: Sequence[Mapping[str, Any]]) -> Iterator["Outcome"]:
        """Yield what became of each extension, given the listeners that go out in the end."""
        for one in self.every:
            places = list(filters.places(one.name, listeners))
            if one in self.reasons or not places:
                depth = Depth.SELECTION if one in self.reasons else Depth.LISTENER
                yield one.outcome(False, self._why_absent(one, listeners), depth)
            elif missing := self._missing_secret(one):
                yield one.outcome(False, f"{'; '.join(places)}; but {missing}")
            else:
                yield one.outcome(True, "; ".join(places))

    def _why_absent(self, one: "Extension", listeners: Sequence[Mapping[str, Any]]) -> str:
        if reason := self.reasons.get(one):
            return reason
        if not listeners:
            return "no Gateway gives the proxy a listener"
        reasons = []
        for listener in listeners:
            reason = why_not_on(one, filters.port(listener))
            reasons.append(reason or "an EnvoyFilter patch took its filter out again")
        return "; ".join(dict.fromkeys(reasons))

    def _missing_secret(self, one: "Extension") -> str:
        if self.pull_secrets.get(one, "") is not None:
            return ""
        name, namespace = secret_name(one, self.behaviours), one.document.namespace
        return (
            f"there is no Secret {namespace}/{name} of type {secrets.DOCKER_TYPE} for its "
            "imagePullSecret, and without it no module is fetched"
        )


def read(
    documents: Iterable["Document"],
    node: "Node",
    labels: Mapping[str, str],
    behaviours: "Behaviours",
) -> Plugins:
    """Return the extensions of a set of validated documents."""
    documents = tuple(documents)
    declared = (extension(one, behaviours) for one in documents if one.kind in KINDS)
    every = tuple(ordered(declared, node, behaviours))
    reasons = {
        one: reason for one in every if (reason := _discarded(one) or why_not(one, node, labels))
    }
    found = {}
    for one in every:
        if name := secret_name(one, behaviours):
            found[one] = secrets.docker_configuration(documents, one.document.namespace, name)
    return Plugins(every, reasons, found, node.namespace, behaviours)


def _discarded(one: "Extension") -> str | None:
    wrong = None if one.lua else address.unreadable(one.module.get("url") or "")
    return f"istiod discards it: its url cannot be read ({wrong})" if wrong else None
