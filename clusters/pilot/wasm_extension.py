"""An extension configuration as pilot-agent sees it: whether it is Wasm, and where its code is.

Facts: pkg/wasm/convert.go of Istio; what differs between releases is in behaviours.toml.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.pilot.behaviours import Behaviours

WASM = protos.TYPE_PREFIX + "envoy.extensions.filters.http.wasm.v3.Wasm"
NETWORK_WASM = protos.TYPE_PREFIX + "envoy.extensions.filters.network.wasm.v3.Wasm"
TYPED_STRUCT = protos.TYPE_PREFIX + "udpa.type.v1.TypedStruct"
_POLICY = {"failure_policy", "failurePolicy"}
_KINDS = {WASM: "HTTP", NETWORK_WASM: "Network"}


class Unreadable(Exception):
    """An extension that the agent refuses without fetching anything; the text is the agent's."""


@dataclass(frozen=True, slots=True)
class WasmExtension:
    """An extension whose module is remote; `kind` is the type URL of the filter.

    `wasm` is the filter's configuration, which is nobody else's.
    """

    name: str
    kind: str
    wasm: dict[str, Any]

    @property
    def plugin(self) -> dict[str, Any]:
        """Return what is said of the plugin."""
        config: dict[str, Any] = self.wasm["config"]
        return config

    @property
    def machine(self) -> dict[str, Any]:
        """Return what is said of its virtual machine."""
        config: dict[str, Any] = self.plugin["vm_config"]
        return config

    def resource(self) -> dict[str, Any]:
        """Return the extension configuration for Envoy: never inside a struct."""
        return {"name": self.name, "typed_config": {"@type": self.kind} | self.wasm}


def read(resource: Mapping[str, Any], behaviours: Behaviours) -> WasmExtension | None:
    """Return the remote Wasm in a resource, None for what passes the agent; raises Unreadable."""
    try:
        return _read(resource, behaviours)
    except Unreadable:
        if "agent-refuses-wasm-without-code" in behaviours:
            raise
        return None


def _read(resource: Mapping[str, Any], behaviours: Behaviours) -> WasmExtension | None:
    name = resource["name"]
    if "typed_config" not in resource:
        raise Unreadable(f'typed extension config name:"{name}" does not contain any typed config')
    typed = copy.deepcopy(dict(resource["typed_config"]))
    kind = typed.pop("@type", "")
    if kind == TYPED_STRUCT:
        kind = typed.get("type_url", "")
        if not _converted(kind, behaviours):
            return None
        typed = _unpacked(name, kind, typed, behaviours)
    elif not _converted(kind, behaviours) or "agent-converts-direct-wasm" not in behaviours:
        return None
    code = typed.get("config", {}).get("vm_config", {}).get("code", {})
    if "remote" in code:
        return WasmExtension(name, kind, typed)
    if "local" in code:
        return None
    raise Unreadable(
        f'no remote and local load found in Wasm {_KINDS[kind]} filter of the extension "{name}"'
    )


def _converted(kind: str, behaviours: Behaviours) -> bool:
    if kind == NETWORK_WASM:
        return "agent-converts-network-wasm" in behaviours
    return kind == WASM


def _unpacked(
    name: str, kind: str, typed: Mapping[str, Any], behaviours: Behaviours
) -> dict[str, Any]:
    policy_known = "agent-knows-failure-policy" in behaviours
    try:
        if "value" not in typed:
            raise protos.ProtoError("nil struct")
        config = typed["value"].get("config")
        if isinstance(config, dict) and _POLICY & config.keys() and not policy_known:
            raise protos.ProtoError("unknown field failure_policy")
        # Strictly, as the agent reads it: istiod lets a field pass that nobody knows.
        return protos.to_dict(protos.parse_strictly(kind, typed["value"]))
    except protos.ProtoError as error:
        # The agent has the two words the wrong way round.
        said = "HTTP" if kind == NETWORK_WASM else "Network"
        raise Unreadable(
            f'failed to convert extension config struct of "{name}": {error} to Wasm {said} filter'
        ) from error
