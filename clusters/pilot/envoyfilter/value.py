"""What a patch's value is read as, and in which form it goes into the configuration."""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from clusters.pilot import protos

MESSAGES: Mapping[str, str] = {
    "HTTP_FILTER": ("envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"),
    "EXTENSION_CONFIG": "envoy.config.core.v3.TypedExtensionConfig",
}
"""The message each applyTo carries (istio.md section 1.5)."""


def build(apply_to: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fresh copy of a patch's value in the form of a Snapshot."""
    return deepcopy(_normalised(MESSAGES[apply_to], json.dumps(value, sort_keys=True)))


@lru_cache(maxsize=256)
def _normalised(message: str, text: str) -> dict[str, Any]:
    return protos.normalise(message, json.loads(text))
