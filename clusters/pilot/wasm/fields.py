"""Which kinds and fields for Wasm a release has: what it does not know it does not read."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

KINDS = ("WasmPlugin", "TrafficExtension")


def has_kind(kind: str, behaviours: "Behaviours") -> bool:
    """Tell whether the release's API has one of the kinds."""
    if kind == "WasmPlugin":
        return "wasm-plugin" in behaviours
    return "traffic-extension" in behaviours


def known(spec: Mapping[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    """Return the part of a spec that the release reads; the rest is pruned as the API server does.

    A field set to null counts as not given.
    """
    gone = set(unknown(spec, behaviours))
    return {key: one for key, one in spec.items() if key not in gone and one is not None}


def unknown(spec: Mapping[str, Any], behaviours: "Behaviours") -> Iterator[str]:
    """Yield the names of given fields that the release does not have."""
    later = {
        "vmConfig": "wasm-pull-settings" in behaviours,
        "match": "wasm-match" in behaviours,
        "failStrategy": "wasm-fail-strategy" in behaviours,
        "type": "wasm-type" in behaviours,
        "targetRef": "wasm-target-refs" in behaviours,
        "targetRefs": "wasm-target-refs" in behaviours,
    }
    return (key for key in spec if not later.get(key, True))
