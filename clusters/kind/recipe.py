"""What a cluster is made from; two runs with the same recipe may share one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bookinfo import documents
from clusters.kind import images, kind_config, operator
from clusters.kind.wanted import UPSTREAM

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what is inside a cluster.

    `istio` is the release that istioctl is of, `bookinfo` STANDIN or UPSTREAM, `python` the image
    that the stand-in runs on.
    """

    istio: str
    node_image: str
    hub: str
    tag: str
    bookinfo: str
    python: str

    @property
    def images(self) -> tuple[str, ...]:
        """The images that pods will ask for, as far as a local Docker may hold them."""
        return (*images.of_istio(self.hub, self.tag), *self._of_workloads, self.python)

    @property
    def workloads(self) -> list[dict[str, Any]]:
        """The objects that run Bookinfo."""
        if self.bookinfo == UPSTREAM:
            return documents.upstream(images.BOOKINFO)
        return documents.standin(self.python)

    @property
    def _of_workloads(self) -> list[str]:
        return [
            container["image"]
            for each in self.workloads
            if each["kind"] == "Deployment"
            for container in each["spec"]["template"]["spec"]["containers"]
            if container["image"] != self.python
        ]

    def described(self, local: Mapping[str, str]) -> dict[str, str]:
        """Return what to compare two recipes by, as people read it.

        `local` holds the ids of the images that are in the local Docker: one that was built anew
        under the same name is another one.
        """
        installation = operator.Installation(self.hub, self.tag, istio_filters=True)
        texts = (
            kind_config.render(0, 0),
            operator.render(installation),
            yaml.safe_dump_all([*self.workloads, *documents.routes()]),
        )
        return {
            "istioctl": self.istio,
            "node image": self.node_image,
            "istio images": f"{self.hub}, {self.tag}",
            "bookinfo": self.bookinfo,
            "python image": self.python,
            **{f"id of {name}": local[name] for name in self.images if name in local},
            SETTINGS: hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16],
        }


def differences(asked: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return in words where a cluster that is there was made from something else."""
    other = [
        name for name in sorted(asked.keys() | there.keys()) if asked.get(name) != there.get(name)
    ]
    if len(other) > 1 and SETTINGS in other:
        other.remove(SETTINGS)  # they follow from the others
    return [
        f"{name}: {there.get(name, 'none')} is there, {asked.get(name, 'none')} is asked for"
        for name in other
    ]
