"""What is no part of a comparison because it is chance or surroundings, each with its reason.

Beside these: listeners, routes, clusters, endpoints and extensions are compared by name, because
istiod sends listeners in random order; versions and nonces are not looked at; every Any is
decoded, because its bytes may be in any order; istiod runs without the filters that only Istio's
Envoy has, without telemetry, tracing and automatic mTLS, as the embedded control plane does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: A number of the API server's store, other in each run.
RESOURCE_VERSION = "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"


def normalised(value: Any) -> Any:
    """Return a value with everything that is not compared taken out or put in order."""
    if isinstance(value, list):
        return [normalised(each) for each in value]
    if isinstance(value, dict):
        return {
            key: _RULES[key](normalised(each)) if key in _RULES else normalised(each)
            for key, each in value.items()
        }
    return value


def _by_name(parameters: Any) -> Any:
    """Order the query parameters of a route: istiod writes them in the order of a Go map."""
    return sorted(parameters, key=str) if isinstance(parameters, list) else parameters


def _by_address(endpoints: Any) -> Any:
    """Order the endpoints of a locality: those of several ServiceEntries come as of a Go map."""
    return sorted(endpoints, key=str) if isinstance(endpoints, list) else endpoints


_RULES: dict[str, Callable[[Any], Any]] = {
    RESOURCE_VERSION: lambda _: "<resource version>",
    "query_parameters": _by_name,
    "lb_endpoints": _by_address,
}
