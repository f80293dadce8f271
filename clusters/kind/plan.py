"""What was asked for, and what is used for it on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters.kind import images, tools
from clusters.kind.recipe import Recipe
from clusters.local.binaries import DEFAULT_HUB

if TYPE_CHECKING:
    from clusters.kind.tools import Tool
    from clusters.kind.wanted import Wanted
    from clusters.release import Release


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cluster will be made with; make one with `plan`."""

    release: Release
    kind: Tool
    istioctl: Tool
    recipe: Recipe
    name: str | None
    keep: bool

    @property
    def named(self) -> bool:
        """Whether it has to be the cluster of that name and no other."""
        return self.name is not None or self.keep

    @property
    def kept_name(self) -> str:
        """The name of a cluster that outlives its run."""
        return self.name or f"iwc-{self.release.name.replace('.', '-')}"


def plan(release: Release, wanted: Wanted) -> Plan:
    """Return what a cluster will be made with; raises ToolMissing and WrongTool."""
    tools.check_pytest_kind()
    kind = tools.find_kind(wanted.kind)
    istioctl = tools.find_istioctl(
        release, wanted.istioctl, allow_version_skew=wanted.allow_version_skew
    )
    recipe = Recipe(
        istio=istioctl.version,
        node_image=wanted.node_image or images.node(release),
        hub=wanted.hub or DEFAULT_HUB,
        tag=wanted.tag or istioctl.version,
        bookinfo=wanted.bookinfo,
        python=wanted.python or images.PYTHON,
    )
    return Plan(release, kind, istioctl, recipe, wanted.name, wanted.keep)
