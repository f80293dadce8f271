"""What can be said about a kind cluster, in a test run and on the command line alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusters.kind.wanted import STANDIN, UPSTREAM, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

#: Options of pytest-kind, which brings them along in a test run, and what they mean here.
PYTEST_KIND: dict[str, dict[str, Any]] = {
    "--cluster-name": {"metavar": "NAME", "help": "name of the cluster (default: iwc-RELEASE)"},
    "--keep-cluster": {"action": "store_true", "help": "leave the cluster there"},
    "--kind-image": {
        "metavar": "IMAGE",
        "help": "node image (default: of the newest Kubernetes that the release supports)",
    },
    "--kind-bin": {"metavar": "PATH", "help": "kind (default: PATH, then the cache)"},
}
#: What pytest-kind's `--cluster-name` is where nobody gives it.
_UNNAMED = "pytest-kind"

OWN: dict[str, dict[str, Any]] = {
    "--istioctl-bin": {
        "type": Path,
        "metavar": "PATH",
        "help": "with --cluster=kind: istioctl of the release (default: PATH, then the cache)",
    },
    "--tag": {
        "metavar": "TAG",
        "help": "with --cluster=kind: the tag of Istio's images (default: istioctl's release)",
    },
    "--bookinfo": {
        "choices": (STANDIN, UPSTREAM),
        "default": STANDIN,
        "help": "with --cluster=kind: what runs as Bookinfo in the cluster, this project's own "
        "program or the published images (default: %(default)s)",
    },
    "--standin-image": {
        "metavar": "IMAGE",
        "help": "with --cluster=kind: an image with a python3 for pods of this project (default: "
        "a public one by digest)",
    },
}


def wanted(option: Callable[[str], Any]) -> Wanted:
    """Return what was asked for, by a function that gives the value of an option."""
    name, kind = option("--cluster-name"), option("--kind-bin")
    return Wanted(
        name=None if name == _UNNAMED else name,
        keep=bool(option("--keep-cluster")),
        kind=Path(kind) if kind else None,
        istioctl=option("--istioctl-bin"),
        node_image=option("--kind-image"),
        hub=option("--hub"),
        tag=option("--tag"),
        bookinfo=option("--bookinfo"),
        python=option("--standin-image"),
        allow_version_skew=option("--allow-version-skew"),
    )
