"""A real cluster for tests: one that is there already, or one of kind that goes with the tests.

It takes images that no registry has: lab/node, and lab/pilot, lab/proxyv2, lab/python of a release.
EXISTING_LAB=KUBECONFIG names a cluster that is there, with Istio and a gateway, and without the
routes that `python -m clusters kind up` makes: they count as another run's, delete them first.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from clusters import release
from clusters.existing import contexts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusters.existing.contexts import Context

NODE, HUB, TAG = "lab/node:v1.34.4", "lab", "1.31.0-lab"
PYTHON = f"{HUB}/python:{TAG}"
KNOWN = "EXISTING_LAB"


class NoLab(Exception):
    """There is no such cluster and none can be made; the text says why."""


@contextmanager
def cluster() -> Iterator[Context]:
    """Yield the context of a cluster whose administrator this is; raises NoLab."""
    if path := os.environ.get(KNOWN):
        name = yaml.safe_load(Path(path).read_text())["current-context"]
        yield contexts.find(name, Path(path))
        return
    from clusters.kind import cluster as kind
    from clusters.kind import engine, errors, plan
    from clusters.kind.wanted import Wanted

    wanted = Wanted(node_image=NODE, hub=HUB, tag=TAG, python=PYTHON)
    try:
        planned = plan.plan(release.find("1.31"), wanted)
        with engine.connected() as docker:
            needed = {NODE, *planned.recipe.images}
            if docker is None or (missing := needed - docker.ids(needed).keys()):
                lacking = ", ".join(sorted(missing)) if docker else "all of them"
                raise NoLab(f"there are no images for a cluster without a registry: {lacking}")
    except errors.KindError as error:
        raise NoLab(str(error)) from error
    with kind.target(planned, print) as target:
        yield contexts.Context(target.kubeconfig, target.context)
