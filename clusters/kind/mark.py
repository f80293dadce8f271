"""What a cluster carries inside it that shows who made it, and from what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from clusters.ownership import FIELD_MANAGER

#: The ConfigMap that holds it.
NAMESPACE, NAME = "kube-system", FIELD_MANAGER


@dataclass(frozen=True, slots=True)
class Mark:
    """The recipe of a cluster, the two ports of this machine that lead to its gateway.

    `ready` tells that everything was there once; without it a run was broken off.
    """

    recipe: dict[str, str]
    gateway_port: int
    spare_port: int
    ready: bool

    def written(self) -> dict[str, Any]:
        """Return the mark as a ConfigMap."""
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "data": {
                "recipe": json.dumps(self.recipe, indent=1),
                "gateway-port": str(self.gateway_port),
                "spare-port": str(self.spare_port),
                "ready": json.dumps(self.ready),
            },
        }


def read(stored: dict[str, Any]) -> Mark | None:
    """Return the mark that a ConfigMap holds, None where it is none of this project's."""
    try:
        data = stored["data"]
        return Mark(
            recipe={str(key): str(value) for key, value in json.loads(data["recipe"]).items()},
            gateway_port=int(data["gateway-port"]),
            spare_port=int(data["spare-port"]),
            ready=json.loads(data["ready"]) is True,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
