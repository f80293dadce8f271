"""The embedded agent, to be asked as a real one is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.pilot import agent, protos
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.settings import Settings
from tests.differential.agent.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clusters.release import Release


@dataclass(slots=True)
class EmbeddedAgent:
    """An embedded agent; what it fetches lies in `modules`."""

    modules: Path
    _agent: agent.Agent
    seen_as: str = field(init=False)

    def __post_init__(self) -> None:
        self.seen_as = str(self.modules)

    def respond(
        self,
        resources: Mapping[str, Mapping[str, Any]],
        removed: Sequence[str],
        about: Sequence[str],
    ) -> Told:
        """Return what it makes of one response."""
        made = self._agent.localize(resources.values())
        if made.resources is None:
            # The embedded place then publishes no extensions, and takes none away.
            return Told(None, (), made.failures, made.nack)
        forwarded = {
            one["name"]: protos.unpack(protos.pack(one, protos.ECDS)) for one in made.resources
        }
        return Told(forwarded, tuple(removed), made.failures)


def starting(release: Release, environment: Mapping[str, str], modules: Path) -> EmbeddedAgent:
    """Return an agent of a release with variables of its environment, its cache empty."""
    behaviours, settings = Behaviours.of(release), Settings.read(environment)
    return EmbeddedAgent(modules, agent.Agent(behaviours, modules, settings))
