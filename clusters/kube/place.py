"""What will run in a Kubernetes cluster, whoever made it, said in words."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusters.kube.target import Target
    from clusters.places import Running
    from clusters.release import Release


@dataclass(frozen=True, slots=True)
class Image:
    """The proxy of a gateway that is not on this machine: its version, and where it is from."""

    version: str
    path: str


@dataclass(frozen=True, slots=True)
class KubePlace:
    """A gateway in a cluster that `opened` gives for as long as a run lasts.

    `asked` is the release as it was asked for, `release` the one whose rules count, `semantics`
    whose they are ("istiod 1.31.0"). `details` are lines that say more, `more` facts for the
    report. `disagreements` come to hold what istiod did otherwise than the embedded control plane
    would have.
    """

    asked: str
    release: Release
    semantics: str
    proxy: Image
    details: tuple[str, ...]
    more: Mapping[str, str] = field(hash=False)
    opened: Callable[[], AbstractContextManager[Target]]
    disagreements: list[str] = field(default_factory=list, compare=False)

    emulated = False
    """Nothing here is this project's own idea of Istio."""

    @property
    def header(self) -> list[str]:
        """Return lines that say what was asked for and what really runs."""
        first = f"gateway: istio {self.asked} ({self.semantics}) on {self.proxy.path}"
        return [first, *self.details]

    @property
    def facts(self) -> dict[str, str]:
        """Return the same for the report."""
        return {"semantics": self.semantics, "proxy": self.proxy.path, **self.more}

    def second(self, base: str, folder: Path) -> None:
        """Return None: a cluster has the one gateway."""

    @contextmanager
    def running(self, base: str, folder: Path) -> Iterator[Running]:
        """Run the gateway with the `base` documents for as long as the block lasts."""
        from clusters.kube import cluster

        with (
            self.opened() as target,
            cluster.running(target, self.release, base, folder, self.disagreements) as running,
        ):
            yield running
