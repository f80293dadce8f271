"""Which kinds for Wasm a release has, and which fields of them count as given."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

KINDS = ("WasmPlugin", "TrafficExtension")


def has_kind(kind: str, behaviours: "Behaviours") -> bool:
    """Tell whether the release's API has one of the kinds."""
    if kind == "WasmPlugin":
        return "wasm-plugin" in behaviours
    return "traffic-extension" in behaviours


def given(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a spec that are not set to null."""
    return {key: one for key, one in spec.items() if one is not None}
