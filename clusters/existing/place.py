"""What will run for `--cluster=existing`: the one gateway that is there, looked at beforehand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from clusters import release as releases
from clusters.existing import options, survey
from clusters.kind import images
from clusters.kube.place import Image, KubePlace

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class SeveralReleases(ValueError):
    """More than one release was asked for, and a cluster is of one."""


def places(option: Callable[[str], Any], tell: Callable[[str], None]) -> tuple[KubePlace, ...]:
    """Return the place of a run, by what its options say; the cluster is asked, not changed.

    Raises SeveralReleases, survey.BadLabels, release.UnknownRelease and survey.ERRORS.
    """
    asked = option("--istio")
    if "," in asked:
        raise SeveralReleases(
            f"--istio={asked}: a cluster that is there runs one release\n"
            f"Hint: --istio={asked.partition(',')[0]}, or --istio={releases.LATEST} for the one "
            "that runs"
        )
    found = survey.look(asked, options.wanted(option, option("--standin-image") or images.PYTHON))
    envoy = ", ".join(found.versions.envoys)
    return (
        KubePlace(
            asked=found.release.name if asked == releases.LATEST else asked,
            release=found.release,
            semantics=found.semantics,
            proxy=Image(envoy, f"envoy {envoy}"),
            details=tuple(found.header),
            more={
                "cluster": found.origin,
                "gateway proxies": ", ".join(found.versions.proxies),
                "beside this run": "; ".join(found.others) or "nothing",
            },
            opened=partial(_opened, found, tell),
        ),
    )


def _opened(found: survey.Survey, tell: Callable[[str], None]) -> Any:
    # The part that changes things is imported once something is changed.
    from clusters.existing import cluster

    return cluster.target(found, tell)
