"""Arms: one listener each, with the filter as its documents really put it there."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from clusters import gate, rendering
from clusters.pilot import documents as istio_documents
from clusters.pilot.push import push

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.pilot.agent import Agent
    from clusters.pilot.node import Node
    from clusters.release import Release

#: Of each module: two virtual machines of one module differ by about 1 % of what it costs.
COPIES = 3
Role = Literal["none", "empty", "new", "ref", "native"]


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """A listener to be timed: what is in it, which copy of that, and whether its answers show it.

    `listener` is what the control plane makes, in Envoy's JSON form.
    """

    role: Role
    copy: int
    acting: bool
    listener: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the name of its listener and of its log."""
        return f"{self.role}-{self.copy}"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """What turns documents into a listener: the pilot and the agent of a release."""

    release: Release
    node: Node
    agent: Agent
    base: str

    def listener(self, documents: str = "") -> dict[str, Any]:
        """Return the gateway's listener under these documents, its extensions in place.

        Raises gate.NotEffective and gate.FetchFailed as for documents that are applied.
        """
        text = "---\n".join([self.base, documents]) if documents else self.base
        parsed = istio_documents.parse(text, source="the documents of an arm")
        snapshot = push(parsed, self.node, self.release)
        reasons = [outcome.sentence for outcome in snapshot.outcomes if not outcome.effective]
        if reasons:
            raise gate.NotEffective("an arm's documents change nothing:\n" + "\n".join(reasons))
        localized = self.agent.localize(snapshot.extensions)
        if localized.failures or localized.resources is None:
            raise gate.FetchFailed("\n".join(localized.failures))
        return _inlined(snapshot.listeners[0], {e["name"]: e for e in localized.resources})

    def made(
        self,
        modules: Mapping[Role, tuple[str, str, str]],
        *,
        native: Mapping[str, Any] | None = None,
        copies: int = COPIES,
    ) -> tuple[Arm, ...]:
        """Return the arms of a filter, made from the documents that put it in place.

        Each copy has virtual machines of its own. `modules` holds URL, sha256 and configuration of
        "new" and, where there are any, of "ref" and "empty". Raises gate.NotProven in one of its
        kinds where documents change nothing or a module cannot be fetched.
        """
        made = [Arm("none", 0, acting=False, listener=self.listener())]
        if native is not None:
            made.append(Arm("native", 0, acting=True, listener=self._with_native(native)))
        for role, (url, sha256, configuration) in modules.items():
            acting = role != "empty"
            for number in range(copies if acting else 1):
                name = f"{role}-{number}"
                documents = rendering.render(
                    url, configuration, name=name, sha256=sha256, vm_id=name
                )
                made.append(Arm(role, number, acting=acting, listener=self.listener(documents)))
        return tuple(made)

    def _with_native(self, http_filter: Mapping[str, Any]) -> dict[str, Any]:
        made = self.listener()
        for filters in gate.managers(made):
            filters.insert(0, dict(http_filter))
        return made


def _inlined(listener: dict[str, Any], extensions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    made = deepcopy(listener)
    for filters in gate.managers(made):
        # The extension is what the agent passes on; here it comes with the listener.
        filters[:] = [
            {"name": each["name"], "typed_config": extensions[each["name"]]["typed_config"]}
            if "config_discovery" in each
            else each
            for each in filters
        ]
    return made
