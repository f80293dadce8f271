"""What can be asked of an existing cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROOT_NAMESPACE = "istio-system"
LABELS = "istio=ingressgateway"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which gateway of which cluster, as it was asked for.

    `gateway_url` is "" where the cluster itself is to tell it, `gateway_namespace` "" for the root
    namespace, `run_namespace` "" where each run makes one of its own.
    """

    context: str | None
    kubeconfig: Path | None
    relay_image: str
    gateway_url: str = ""
    gateway_labels: str = LABELS
    gateway_namespace: str = ""
    root_namespace: str = ROOT_NAMESPACE
    run_namespace: str = ""
    allow_version_skew: bool = False
