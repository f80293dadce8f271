"""EnvoyFilter documents for a published module, right for every release since 1.9."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
RBAC = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
#: Shared by all documents made here: Envoy then compiles a module once while any of them is there,
#: and a filter must keep the configurations of several plugins apart, as on a real gateway.
VM_ID = "conformance"


def render(
    url: str,
    configuration: str,
    *,
    name: str,
    sha256: str = "",
    vm_id: str = VM_ID,
    rbac: bool = False,
    timeout: str = "",
    fail_open: bool = False,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> str:
    """Return YAML of the two EnvoyFilters that put the module at `url` first on every gateway.

    They have the shape of the published example, with what holds in every release: the connection
    manager's canonical name and no proxyVersion. `rbac` also allows the filter that the agent of
    1.14.6 and later substitutes for a module it cannot fetch. `environment` are variables of the
    virtual machine, of which the agent reads its own (ISTIO_META_WASM_IMAGE_PULL_POLICY, …). With a
    `port` the module is only in the listener on that port.
    """
    http_uri = {"uri": url} | ({"timeout": timeout} if timeout else {})
    remote = {"http_uri": http_uri} | ({"sha256": sha256} if sha256 else {})
    plugin: dict[str, Any] = {
        "name": name,
        "configuration": {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": configuration,
        },
        "vm_config": {
            "vm_id": vm_id,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"remote": remote},
        },
    }
    if fail_open:
        plugin["fail_open"] = True
    if environment:
        plugin["vm_config"]["environment_variables"] = {"key_values": dict(environment)}
    discovery = {
        "config_source": {"ads": {}, "initial_fetch_timeout": "0s"},
        "type_urls": [WASM, RBAC] if rbac else [WASM],
    }
    manager = {"filter": {"name": "envoy.filters.network.http_connection_manager"}}
    listener = ({"portNumber": port} if port else {}) | {"filterChain": manager}
    insert = {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "GATEWAY", "listener": listener},
        "patch": {
            "operation": "INSERT_BEFORE",
            "value": {"name": name, "config_discovery": discovery},
        },
    }
    extension = {
        "applyTo": "EXTENSION_CONFIG",
        "match": {"context": "GATEWAY"},
        "patch": {
            "operation": "ADD",
            "value": {
                "name": name,
                "typed_config": {
                    "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
                    "type_url": WASM,
                    "value": {"config": plugin},
                },
            },
        },
    }
    documents = [_envoy_filter(name, insert), _envoy_filter(f"{name}-config", extension)]
    # Without a width the configuration would be folded and no longer stand there as given.
    return yaml.safe_dump_all(documents, sort_keys=False, width=math.inf)


def _envoy_filter(name: str, patch: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": name, "namespace": "istio-system"},
        "spec": {"configPatches": [patch]},
    }
