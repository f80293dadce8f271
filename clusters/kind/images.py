"""Which images a cluster is made of where nobody names others."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.release import Release

_TABLE = tomllib.loads(Path(__file__).with_name("images.toml").read_text())
#: A public image with a python3 in it, by digest.
PYTHON: str = _TABLE["python"]
#: The tag of the public Bookinfo images.
BOOKINFO: str = _TABLE["bookinfo"]
#: The first release of Istio that can be run in a cluster of kind.
OLDEST_ISTIO: str = _TABLE["oldest-istio"]
#: The image of each minor of Kubernetes that one of these releases gets.
NODES: dict[str, str] = _TABLE["nodes"]


def node(release: Release) -> str:
    """Return the image of the newest Kubernetes that a release of Istio supports, by digest."""
    first, last = (_minor(text) for text in release.kubernetes.split("-"))
    fitting = [name for name in NODES if first <= _minor(name) <= last]
    return NODES[max(fitting, key=_minor)]


def of_istio(hub: str, tag: str) -> tuple[str, str]:
    """Return the images of istiod and of the proxy."""
    return f"{hub}/pilot:{tag}", proxy(hub, tag)


def proxy(hub: str, tag: str) -> str:
    """Return the image of the proxy, which the gateway runs."""
    return f"{hub}/proxyv2:{tag}"


def _minor(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
