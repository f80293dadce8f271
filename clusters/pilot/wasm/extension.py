"""One WasmPlugin or TrafficExtension, named and read as istiod of a release does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter.patch import Outcome
from clusters.pilot.wasm.fields import given

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document

PHASES = ("AUTHN", "AUTHZ", "STATS", "UNSPECIFIED")
"""In the order in which a request meets them."""

_LOWEST = -(2**31)
_TRANSLATED = "~istio-translated-wasmplugin"


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """An extension: `name` is that of its filter, `plugin` the one the module is told.

    `module` is the part of the spec that says where it comes from and how it is configured, empty
    for one in Lua, whose code is `lua`. `priority` is higher for those that come first.
    """

    document: "Document"
    name: str
    plugin: str
    phase: str
    priority: int
    network: bool
    spec: Mapping[str, Any]
    module: Mapping[str, Any]
    lua: str

    def outcome(self, effective: bool, sentence: str, depth: int = -1) -> Outcome:
        """Return what became of this extension."""
        return Outcome(
            document=self.document.key,
            index=0,
            apply_to="NETWORK_FILTER" if self.network else "HTTP_FILTER",
            operation=f"phase {self.phase}",
            effective=effective,
            sentence=sentence,
            depth=depth,
        )


def extension(document: "Document", behaviours: "Behaviours") -> Extension:
    """Return the extension that a validated document declares."""
    spec = given(document.spec)
    native = document.kind == "TrafficExtension"
    module = (spec.get("wasm") or {}) if native else spec
    lua = (spec.get("lua") or {}).get("inlineCode") or ""
    name = f"{document.namespace}.{document.name}"
    if not native and "wasm-plugin-translated" in behaviours:
        name += _TRANSLATED
    priority = spec.get("priority")
    return Extension(
        document=document,
        name=_prefix(native, behaviours) + name,
        plugin=name,
        phase=(spec.get("phase") or "UNSPECIFIED").removesuffix("_PHASE"),
        priority=_LOWEST if priority is None else priority,
        network=module.get("type") == "NETWORK",
        spec=spec,
        module={key: one for key, one in module.items() if one is not None},
        lua=lua,
    )


def _prefix(native: bool, behaviours: "Behaviours") -> str:
    if native or "wasm-plugin-translated" in behaviours:
        return "extensions.istio.io/trafficextension/"
    if "wasm-plugin-prefix-misspelt" in behaviours:
        return "extenstions.istio.io/wasmplugin/"
    return "extensions.istio.io/wasmplugin/" if "wasm-plugin-prefix" in behaviours else ""
