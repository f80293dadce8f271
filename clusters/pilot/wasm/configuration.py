"""The extension configuration (ECDS) that istiod serves for a Wasm extension."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot.protos import TYPE_PREFIX
from clusters.pilot.wasm import address, gojson
from clusters.pilot.wasm.filters import type_url

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.wasm.extension import Extension

PULL_SECRET = "ISTIO_META_WASM_IMAGE_PULL_SECRET"
PULL_POLICY = "ISTIO_META_WASM_IMAGE_PULL_POLICY"
RESOURCE_VERSION = "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"
FETCH_TIMEOUT = "30s"
_POLICIES = {
    "FAIL_CLOSE": "FAIL_CLOSED",
    "FAIL_OPEN": "FAIL_OPEN",
    "FAIL_RELOAD": "FAIL_RELOAD",
}


def configuration(
    one: "Extension", pull_secret: str | None, behaviours: "Behaviours"
) -> dict[str, Any]:
    """Return the configuration of a Wasm extension, in Envoy's JSON form.

    `pull_secret` is the docker configuration that istiod finds for it, None where it finds none.
    """
    module = one.module
    plugin: dict[str, Any] = {
        "name": one.plugin,
        "configuration": _plugin_configuration(module.get("pluginConfig") or {}),
        "vm_config": _machine(one, pull_secret, behaviours),
    }
    if module.get("pluginName"):
        plugin["root_id"] = module["pluginName"]
    strategy = module.get("failStrategy") or "FAIL_CLOSE"
    if "wasm-failure-policy" in behaviours:
        plugin["failure_policy"] = _POLICIES[strategy]
    elif strategy == "FAIL_OPEN":
        plugin["fail_open"] = True
    typed = {"@type": type_url("wasm", network=one.network), "config": plugin}
    return {"name": one.name, "typed_config": typed}


def secret_name(one: "Extension", behaviours: "Behaviours") -> str:
    """Return the name of the Secret that an extension pulls with, "" where the release reads none.

    Only one in the extension's own namespace counts: a namespace that is written is dropped.
    """
    if "wasm-pull-settings" not in behaviours:
        return ""
    name: str = one.module.get("imagePullSecret") or ""
    return name.removeprefix("kubernetes://").rpartition("/")[2]


def _plugin_configuration(value: Mapping[str, Any]) -> dict[str, str]:
    if not value:
        return {}
    return {"@type": f"{TYPE_PREFIX}google.protobuf.StringValue", "value": gojson.dumps(value)}


def _machine(one: "Extension", pull_secret: str | None, behaviours: "Behaviours") -> dict[str, Any]:
    made: dict[str, Any] = {"runtime": "envoy.wasm.runtime.v8", "code": _code(one.module)}
    pairs: dict[str, str] = {}
    hosts: list[str] = []
    if "wasm-pull-settings" in behaviours:
        if secret_name(one, behaviours):
            pairs[PULL_SECRET] = pull_secret or ""
        policy = one.module.get("imagePullPolicy") or "UNSPECIFIED_POLICY"
        if policy != "UNSPECIFIED_POLICY":
            pairs[PULL_POLICY] = policy
    if "wasm-resource-version" in behaviours:
        pairs[RESOURCE_VERSION] = one.document.resource_version
    for variable in (one.module.get("vmConfig") or {}).get("env") or []:
        if variable.get("valueFrom") == "HOST":
            hosts.append(variable["name"])
        else:
            pairs[variable["name"]] = variable.get("value") or ""
    environment = {"key_values": pairs, "host_env_keys": hosts}
    if environment := {key: given for key, given in environment.items() if given}:
        made["environment_variables"] = environment
    return made


def _code(module: Mapping[str, Any]) -> dict[str, Any]:
    url: str = module["url"]
    path = address.local(url)
    if path is not None:
        return {"local": {"filename": path}}
    remote: dict[str, Any] = {
        # The agent fetches it: a cluster is only there because Envoy wants a name.
        "http_uri": {"uri": address.absolute(url), "timeout": FETCH_TIMEOUT, "cluster": "_"}
    }
    if module.get("sha256"):
        remote["sha256"] = module["sha256"]
    return {"remote": remote}
