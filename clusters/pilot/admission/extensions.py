"""What the CRDs say of EnvoyFilter, WasmPlugin and TrafficExtension."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from clusters.pilot.admission import rules, targets
from clusters.pilot.admission.schema import (
    Constraint,
    at,
    at_most_one,
    most,
    no_null,
    required,
    rule,
    sized,
    supported,
    unique,
    within,
)

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

_MATCH = "configPatches[].match"
_CONTEXTS = ("ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY")
_OPERATIONS = (
    "INVALID",
    "MERGE",
    "ADD",
    "REMOVE",
    "INSERT_BEFORE",
    "INSERT_AFTER",
    "INSERT_FIRST",
    "REPLACE",
)
_SELECTION = "only one of targetRefs or selector can be set"


def _envoy_filter(behaviours: "Behaviours") -> Iterator[Constraint]:
    yield at("configPatches[]", check=no_null)
    yield at(_MATCH, check=at_most_one("listener", "routeConfiguration", "cluster", "waypoint"))
    if "waypoint-context" not in behaviours:
        yield at(f"{_MATCH}.context", check=supported(*_CONTEXTS))
    else:
        yield rule(_MATCH, check=rules.WAYPOINT_MATCH)
        yield rule(f"{_MATCH}.waypoint.portNumber", check=rules.PORT)
    if "merge-and-replace-list" not in behaviours:
        yield at("configPatches[].patch.operation", check=supported(*_OPERATIONS))
    yield from targets.references(behaviours, "spec.targetRefs[]")
    if "crd-spec-rules" in behaviours:
        message = "only one of targetRefs or workloadSelector can be set"
        fields = ("workloadSelector", "targetRefs")
        yield rule("", check=rules.one_way(message, *fields))
        yield at("workloadSelector.labels", check=most(256))
        yield at("workloadSelector.labels{}", check=sized(highest=63))
        yield rule("workloadSelector.labels{}", check=rules.NO_WILDCARD)


def _wasm_plugin(behaviours: "Behaviours") -> Iterator[Constraint]:
    if "wasm-fail-reload" not in behaviours:
        yield at("failStrategy", check=supported("FAIL_CLOSE", "FAIL_OPEN"))
    if "crd-required-fields" in behaviours:
        yield from _module("spec")
        yield from _ports()
    yield from targets.references(behaviours, "spec.targetRef", "spec.targetRefs[]")
    yield from targets.match_labels(behaviours, "selector.matchLabels")
    if "crd-spec-rules" in behaviours:
        fields = ("selector", "targetRef", "targetRefs")
        yield rule("", check=rules.one_way(_SELECTION, *fields))


def _traffic_extension(behaviours: "Behaviours") -> Iterator[Constraint]:
    yield at("", check=at_most_one("wasm", "lua"))
    yield at("lua", check=required("inlineCode"))
    yield at("lua.inlineCode", check=sized(1, 65536))
    yield from _module("spec.wasm")
    yield from _ports()
    yield from targets.references(behaviours, "spec.targetRefs[]")
    yield from targets.match_labels(behaviours, "selector.matchLabels")
    yield rule("", check=rules.one_way(_SELECTION, "selector", "targetRefs"))
    yield rule("", check=rules.WASM_OR_LUA)


def _module(place: str) -> Iterator[Constraint]:
    under = (place,)
    yield at("", under=under, check=required("url"))
    yield at("url", under=under, check=sized(1))
    yield rule("url", under=under, check=rules.MODULE_URL)
    yield at("sha256", under=under, check=sized(pattern="(^$|^[a-f0-9]{64}$)"))
    yield at("imagePullSecret", under=under, check=sized(1, 253))
    yield at("pluginName", under=under, check=sized(1, 256))
    yield at("vmConfig.env", under=under, check=most(256))
    yield at("vmConfig.env", under=under, check=unique("name"))
    yield at("vmConfig.env[]", under=under, check=required("name"))
    yield at("vmConfig.env[].name", under=under, check=sized(1, 256))
    yield at("vmConfig.env[].value", under=under, check=sized(highest=2048))
    yield rule("vmConfig.env[]", under=under, check=rules.INLINE_VALUE)


def _ports() -> Iterator[Constraint]:
    yield at("match[].ports[]", check=required("number"))
    yield at("match[].ports[].number", check=within(1, 65535))
    yield at("match[].ports", check=unique("number"))


TABLES: dict[str, Callable[["Behaviours"], Iterator[Constraint]]] = {
    "EnvoyFilter": _envoy_filter,
    "WasmPlugin": _wasm_plugin,
    "TrafficExtension": _traffic_extension,
}
