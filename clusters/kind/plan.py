"""What was asked for, and what is used for it on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import release as releases
from clusters.kind import images, tools
from clusters.kind.errors import TooOld
from clusters.kind.recipe import Recipe
from clusters.local.binaries import DEFAULT_HUB

if TYPE_CHECKING:
    from clusters.kind.tools import Tool
    from clusters.kind.wanted import Wanted
    from clusters.release import Release

_MINOR = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cluster will be made with; make one with `plan`.

    `release` is the one that istioctl installs.
    """

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
    """Return what a cluster will be made with; raises TooOld, ToolMissing and WrongTool."""
    if not wanted.allow_version_skew:
        _check(release)
    tools.check_pytest_kind()
    kind = tools.find_kind(wanted.kind)
    istioctl = tools.find_istioctl(
        release, wanted.istioctl, allow_version_skew=wanted.allow_version_skew
    )
    installed = _installed(release, istioctl)
    _check(installed)
    recipe = Recipe(
        istio=istioctl.version,
        node_image=wanted.node_image or images.node(installed),
        hub=wanted.hub or DEFAULT_HUB,
        tag=wanted.tag or istioctl.version,
        bookinfo=wanted.bookinfo,
        python=wanted.python or images.PYTHON,
    )
    return Plan(installed, kind, istioctl, recipe, wanted.name, wanted.keep)


def supported() -> tuple[Release, ...]:
    """Return the releases that can be run in a cluster of kind."""
    names = [each.name for each in releases.KNOWN]
    return releases.KNOWN[names.index(images.OLDEST_ISTIO) :]


def _check(release: Release) -> None:
    """Raise TooOld for a release whose runs would end at the first change."""
    known = [each.name for each in supported()]
    if release.name not in known:
        raise TooOld(
            f"--cluster=kind runs Istio {known[0]} to {known[-1]}, and {release.name} was asked "
            "for: an istiod before that does not tell on its page syncz what a proxy refused, so "
            "no change could be proven\n"
            f"Hint: --cluster=local --istio={release.name}, or --istio={known[0]} for kind"
        )


def _installed(release: Release, istioctl: Tool) -> Release:
    """Return the release that istioctl installs, which may have been let be another one."""
    minor = _MINOR.match(istioctl.version)
    return release if minor is None or minor[0] == release.name else releases.find(minor[0])
