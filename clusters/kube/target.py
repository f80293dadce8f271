"""Which gateway of which cluster a run speaks to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """One gateway, and what a run may do around it.

    `gateway_url` is where clients on this machine reach it. Pods with all of `gateway_labels` in
    `gateway_namespace` are the gateway; EnvoyFilters go to `root_namespace`. The run's own
    objects (relay, Gateway, VirtualService) are kept in `namespace`. Only where the gateway is
    `owned` may it be restarted and altered. `relay_image` is an image with a python3 in it, and
    `origin` says in words for the report where the cluster comes from. `run` is the id that every
    object is labelled with (`apply.connect(…, run=run)`); where it is given, `namespace` is there
    already and labelled so, and goes with whoever made it.
    """

    kubeconfig: Path
    context: str
    gateway_url: str
    gateway_namespace: str
    gateway_labels: Mapping[str, str]
    root_namespace: str
    namespace: str
    owned: bool
    relay_image: str
    origin: str
    run: str = ""
