"""What will run for `--cluster=kind`: one cluster for each release, one after the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from clusters import release as releases
from clusters.kind import images, options, plan
from clusters.kube.place import Image, KubePlace

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from clusters.kind.phases import Tell
    from clusters.kind.plan import Plan


def places(option: Callable[[str], Any], tell: Tell) -> tuple[KubePlace, ...]:
    """Return the places of a run, by what its options say; nothing is made yet.

    Raises release.UnknownRelease, and TooOld, ToolMissing or WrongTool.
    """
    wanted = options.wanted(option)
    asked = {releases.find(text.strip()): text.strip() for text in option("--istio").split(",")}
    return tuple(
        _place(found.name if text == releases.LATEST else text, plan.plan(found, wanted), tell)
        for found, text in asked.items()
    )


def _place(asked: str, made: Plan, tell: Tell) -> KubePlace:
    from clusters.kind import cluster

    recipe = made.recipe
    node = recipe.node_image.partition("@")[0]
    where = "kept" if made.keep else "for this run"
    return KubePlace(
        asked=asked,
        release=made.release,
        semantics=f"istiod {recipe.istio}",
        proxy=Image(recipe.tag, images.proxy(recipe.hub, recipe.tag)),
        details=(
            f"  kind {made.kind.version} with {node} {where}, Bookinfo {recipe.bookinfo}",
            f"  istioctl from {made.istioctl.origin}, kind from {made.kind.origin}",
        ),
        more={"kind": made.kind.version, "node image": node, "bookinfo": recipe.bookinfo},
        opened=partial(cluster.target, made, tell),
    )
