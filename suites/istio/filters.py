"""EnvoyFilter documents as people write them, with filters that tell in which order they acted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from suites.istio.plugins import MARK, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MANAGER = "envoy.filters.network.http_connection_manager"
ROUTER = "envoy.filters.http.router"


def envoy_filter(
    name: str, patches: Sequence[Mapping[str, Any]], *, namespace: str = NAMESPACE, **spec: Any
) -> str:
    """Return the document of an EnvoyFilter for the gateway, with patches in their order.

    A field of `spec` that is None is left out, the workloadSelector too.
    """
    made = {"workloadSelector": {"labels": {"istio": "ingressgateway"}}} | spec
    made["configPatches"] = [dict(each) for each in patches]
    document = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {field: value for field, value in made.items() if value is not None},
    }
    # JSON is YAML.
    return f"---\n{json.dumps(document)}\n"


def marker(name: str, mark: str | None = None) -> dict[str, Any]:
    """Return an HTTP filter that adds a mark, its name if no other is given, to responses."""
    code = (
        f"function envoy_on_response(handle) handle:headers():add({MARK!r}, {mark or name!r}) end"
    )
    lua = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
    return {
        "name": name,
        "typed_config": {"@type": lua, "defaultSourceCode": {"inlineString": code}},
    }


def http_filter(
    operation: str, value: Any = None, *, beside: str | None = None, **proxy: Any
) -> dict[str, Any]:
    """Return a patch of the HTTP filters: an operation, `beside` the filter that is named."""
    inner = {"name": MANAGER} | ({"subFilter": {"name": beside}} if beside else {})
    match: dict[str, Any] = {"context": "GATEWAY", "listener": {"filterChain": {"filter": inner}}}
    if proxy:
        match["proxy"] = proxy
    return patch("HTTP_FILTER", operation, value, match=match)


def of_filter(name: str) -> dict[str, Any]:
    """Return the match of a network filter."""
    return {"listener": {"filterChain": {"filter": {"name": name}}}}


def patch(
    apply_to: str, operation: str, value: Any = None, *, match: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a patch of anything; the match is that of every gateway if none is given."""
    done = {"operation": operation} | ({} if value is None else {"value": value})
    return {"applyTo": apply_to, "match": dict(match or {"context": "GATEWAY"}), "patch": done}
