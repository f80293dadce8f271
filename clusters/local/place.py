"""What will run for `--cluster=local`: which Envoy, under which control plane, said in words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters import release as releases
from clusters.local import binaries, envoy, loopback
from clusters.pilot.behaviours import Behaviours

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusters.local.binaries import Binaries
    from clusters.local.cluster import LocalCluster
    from clusters.local.istiod_cluster import IstiodCluster
    from clusters.release import Release

EMBEDDED, ISTIOD = "embedded", "istiod"
_RELEASED = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Place:
    """What will run: `binaries` are istiod and its agent, None under the embedded control plane.

    `asked` is the release as it was asked for, `release` the one whose rules count.
    `disagreements` come to hold what istiod did otherwise than the embedded one would have.
    """

    asked: str
    release: Release
    proxy: envoy.Binary
    binaries: Binaries | None
    disagreements: list[str] = field(default_factory=list, compare=False)

    @property
    def emulated(self) -> bool:
        """Return whether this project stands for istiod and its agent."""
        return self.binaries is None

    @property
    def semantics(self) -> str:
        """Return whose rules decide what becomes of documents: "embedded", "istiod 1.31.0"."""
        return EMBEDDED if self.binaries is None else f"{ISTIOD} {self.binaries.version}"

    @property
    def header(self) -> list[str]:
        """Return lines that say what was asked for and what really runs."""
        semantics, runs = self.semantics, f"envoy {self.proxy.version} ({self.proxy.path})"
        if self.binaries is None:
            return [f"gateway: istio {self.asked} ({semantics} semantics) on {runs}"]
        agent = self.binaries.agent_version
        return [
            f"gateway: istio {self.asked} ({semantics}, pilot-agent {agent}) on {runs}",
            f"  istiod and agent from {self.binaries.origin}; Istio's own filters {self._filters}",
        ]

    @property
    def facts(self) -> dict[str, str]:
        """Return the same for the report."""
        facts = {"semantics": self.semantics, "envoy": self.proxy.version}
        if self.binaries is not None:
            facts |= {
                "pilot-agent": self.binaries.agent_version,
                "binaries": self.binaries.origin,
                "istio filters": self._filters,
            }
        return facts

    @property
    def _filters(self) -> str:
        on = self.binaries is not None and self.binaries.istio_filters
        return "on" if on else "off: this Envoy has none of them"

    def second(self, base: str, folder: Path) -> AbstractContextManager[LocalCluster] | None:
        """Run a gateway beside the first, where what is replaced ends at once.

        Returns None for real istiod, which takes longer to start than the wait that this saves.
        """
        if self.binaries is not None:
            return None
        from clusters.local import cluster

        return cluster.running(self.release, self.proxy, base, folder, drain_seconds=0)

    def running(
        self, base: str, folder: Path
    ) -> AbstractContextManager[LocalCluster | IstiodCluster]:
        """Run the gateway with the `base` documents for as long as the block lasts."""
        if self.binaries is None:
            from clusters.local import cluster

            return cluster.running(self.release, self.proxy, base, folder)
        from clusters.local import istiod_cluster

        return istiod_cluster.running(
            self.release, self.binaries, self.proxy.path, base, folder, self.disagreements
        )


class OptionMisplaced(ValueError):
    """An option that means nothing for the control plane that was asked for."""


class NotFollowed(ValueError):
    """A release whose agent speaks to istiod in a way that this place does not follow."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which istiod and agent to run, as it was asked for; see `binaries.find`."""

    istiod: Path | None = None
    agent: Path | None = None
    hub: str | None = None
    allow_version_skew: bool = False


def embedded(asked: str, release: Release, proxy: envoy.Binary | None, wanted: Wanted) -> Place:
    """Return the place with the embedded control plane.

    Raises envoy.EnvoyMissing, loopback.NoLoopback, and OptionMisplaced where anything is `wanted`.
    """
    if wanted != Wanted():
        raise OptionMisplaced(
            "--istiod-bin, --agent-bin, --hub and --allow-version-skew choose a real control "
            "plane, and the embedded one was asked for\nHint: add --control-plane=istiod"
        )
    loopback.check()
    return Place(asked, release, proxy or envoy.find(None), None)


def under_istiod(asked: str, release: Release, proxy: envoy.Binary | None, wanted: Wanted) -> Place:
    """Return the place with real istiod; the release is then the one that the binary is.

    Raises what `binaries.find` raises, NotFollowed, envoy.EnvoyMissing and loopback.NoLoopback.
    """
    loopback.check()
    if not wanted.allow_version_skew:
        _check_followed(release)
    found = binaries.find(
        release,
        istiod=wanted.istiod,
        agent=wanted.agent,
        envoy=proxy.path if proxy else None,
        hub=wanted.hub or binaries.DEFAULT_HUB,
        allow_version_skew=wanted.allow_version_skew,
    )
    if _RELEASED.fullmatch(found.version):
        release = releases.find(found.version)
    if _RELEASED.fullmatch(found.agent_version):
        _check_followed(releases.find(found.agent_version))
    envoy_path = str(found.envoy) if found.envoy else None
    return Place(asked, release, envoy.find(envoy_path), found)


def _check_followed(agent: Release) -> None:
    behaviours = Behaviours.of(agent)
    if "agent-asks-for-changes" not in behaviours:
        raise NotFollowed(
            f"the pilot-agent of Istio {agent.version} asks istiod for the state of the world, and "
            "only those that ask for changes (delta xDS, 1.22 and later) are followed here\n"
            f"Hint: leave out --control-plane=istiod for {agent.name}"
        )
