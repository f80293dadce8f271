"""What a patch's value is read as, and in which form it goes into the configuration."""

from collections.abc import Mapping
from typing import Any

from clusters.pilot import protos

MESSAGES: Mapping[str, str] = {
    "HTTP_FILTER": ("envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"),
    "EXTENSION_CONFIG": "envoy.config.core.v3.TypedExtensionConfig",
}
"""The message each applyTo carries (istio.md section 1.5)."""


def build(apply_to: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a patch's value in the form of a Snapshot; the result is the caller's own."""
    return protos.normalise(MESSAGES[apply_to], value)
