"""What the API server of the local place asks before it stores a document: Istio's webhook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver.statuses import ApiError
from clusters.pilot import documents, validation

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusters.pilot.behaviours import Behaviours


def webhook(behaviours: Behaviours) -> Callable[[dict[str, Any]], tuple[str, ...]]:
    """Return what admits a document as the webhook of a release does: its warnings.

    It raises ApiError, with the webhook's words, for a document that the release refuses.
    """

    def admit(thing: dict[str, Any]) -> tuple[str, ...]:
        kept = ("name", "namespace", "labels", "annotations")
        metadata = {name: thing["metadata"][name] for name in kept if name in thing["metadata"]}
        text = json.dumps({k: v for k, v in thing.items() if k != "status"} | {"metadata": metadata})
        try:
            return tuple(
                warning
                for one in documents.parse(text, source=thing["metadata"]["name"])
                for warning in validation.validate(one, behaviours)
            )
        except documents.NotBuilt:
            return ()  # known to Istio, only not to the embedded control plane
        except documents.InvalidDocument as error:
            raise ApiError(
                400, f'admission webhook "validation.istio.io" denied the request: {error}'
            ) from error

    return admit
