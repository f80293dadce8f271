"""What can be said about an existing cluster on the command line of a test run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusters.existing.wanted import LABELS, ROOT_NAMESPACE, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

#: pytest-kind has an option of this name and brings it along where it is installed.
KUBECONFIG = "--kubeconfig"

OWN: dict[str, dict[str, Any]] = {
    "--kube-context": {
        "metavar": "NAME",
        "help": "with --cluster=existing: the context of the cluster; there is no default",
    },
    KUBECONFIG: {
        "type": Path,
        "metavar": "PATH",
        "help": "with --cluster=existing: the file that has the context (default: KUBECONFIG, "
        "then ~/.kube/config)",
    },
    "--gateway-url": {
        "metavar": "URL",
        "default": "",
        "help": "with --cluster=existing: where this machine reaches the gateway (default: what "
        "its Service says)",
    },
    "--gateway-labels": {
        "metavar": "KEY=VALUE,…",
        "default": LABELS,
        "help": "with --cluster=existing: what its pods are labelled with (default: %(default)s)",
    },
    "--gateway-namespace": {
        "metavar": "NAME",
        "default": "",
        "help": "with --cluster=existing: where its pods are (default: the root namespace)",
    },
    "--root-namespace": {
        "metavar": "NAME",
        "default": ROOT_NAMESPACE,
        "help": "with --cluster=existing: where EnvoyFilters for every gateway are, and istiod "
        "(default: %(default)s)",
    },
    "--run-namespace": {
        "metavar": "NAME",
        "default": "",
        "help": "with --cluster=existing: a namespace that is there for runs (default: each makes "
        "one of its own, which takes rights in all)",
    },
}


def wanted(option: Callable[[str], Any], relay_image: str) -> Wanted:
    """Return what was asked for, by a function that gives the value of an option."""
    kubeconfig = option(KUBECONFIG)
    return Wanted(
        context=option("--kube-context"),
        kubeconfig=Path(kubeconfig) if kubeconfig else None,
        relay_image=relay_image,
        gateway_url=option("--gateway-url"),
        gateway_labels=option("--gateway-labels"),
        gateway_namespace=option("--gateway-namespace"),
        root_namespace=option("--root-namespace"),
        run_namespace=option("--run-namespace"),
        allow_version_skew=option("--allow-version-skew"),
    )
