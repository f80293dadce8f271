"""What Istio's webhook refuses or warns about, in its own words (istio.md section 1.10)."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos, re2, routevalidation, secrets
from clusters.pilot.documents import InvalidDocument
from clusters.pilot.envoyfilter import names
from clusters.pilot.envoyfilter.value import MESSAGES
from clusters.pilot.wasm.fields import KINDS
from clusters.pilot.wasm.validation import findings as wasm_findings

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document

HCM = "envoy.filters.network.http_connection_manager"
_INTERNALS = (
    "EnvoyFilter exposes internal implementation details that may change at any time. "
    "Prefer other APIs if possible, and exercise extreme caution, especially around upgrades."
)
_NO_LABELS = (
    "Envoy filter: workload selector specified without labels, "
    "will be applied to all services in namespace"
)
_TOO_LONG = "Envoy filter: proxyVersion match exceeds 1024 characters and will be ignored"
_PROXY_VERSION_BYTES = 1024

Findings = Iterator[tuple[bool, str]]
"""Pairs of "is this an error" (otherwise a warning) and Istio's text."""


def validate(document: "Document", behaviours: "Behaviours") -> tuple[str, ...]:
    """Return the webhook's warnings; raises InvalidDocument with all of its errors."""
    findings = list(_findings(document, behaviours))
    errors = [text for is_error, text in findings if is_error]
    if errors:
        count = f"{len(errors)} error{'s' if len(errors) > 1 else ''} occurred:"
        listed = "\n".join(f"\t* {text}" for text in errors)
        raise InvalidDocument(f"{document.source}: {document}: {count}\n{listed}")
    return tuple(text for _, text in findings)


def _findings(document: "Document", behaviours: "Behaviours") -> Findings:
    if document.api_version.endswith("/v1") and "traffic-api-v1" not in behaviours:
        yield True, f'no matches for kind "{document.kind}" in version "{document.api_version}"'
    if document.kind == "EnvoyFilter":
        yield from _envoy_filter(document.spec, behaviours)
    elif document.kind in KINDS:
        yield from wasm_findings(document, behaviours)
    elif document.kind == "Secret":
        for text in secrets.errors(document):
            yield True, text
    else:
        for text in routevalidation.errors(document):
            yield True, text


def _envoy_filter(spec: Mapping[str, Any], behaviours: "Behaviours") -> Findings:
    yield False, _INTERNALS
    if "workloadSelector" in spec and not (spec["workloadSelector"] or {}).get("labels"):
        yield False, _NO_LABELS
    for patch in spec.get("configPatches") or []:
        if patch is None:
            yield True, "Envoy filter: null config patch"
            continue
        yield from _patch(patch, behaviours)


def _patch(entry: Mapping[str, Any], behaviours: "Behaviours") -> Findings:
    match = entry.get("match") or {}
    yield from _unknown_enums(entry, behaviours)
    if match.get("context") == "WAYPOINT":
        return
    apply_to, patch = entry.get("applyTo"), entry.get("patch")
    if not apply_to:
        yield True, "Envoy filter: missing applyTo"
        return
    if patch is None:
        yield True, "Envoy filter: missing patch"
        return
    operation, value = patch.get("operation"), patch.get("value")
    if not operation:
        yield True, "Envoy filter: missing patch operation"
        return
    if operation != "REMOVE" and value is None:
        yield True, "Envoy filter: missing patch value for non-remove operation"
        return
    yield from _proxy((match.get("proxy") or {}).get("proxyVersion") or "", behaviours)
    if apply_to == "HTTP_FILTER":
        yield from _listener_class(match)
    if value is not None:
        yield from _value(MESSAGES[apply_to], value)


def _unknown_enums(entry: Mapping[str, Any], behaviours: "Behaviours") -> Findings:
    known = "for enum istio.networking.v1alpha3.EnvoyFilter"
    context = (entry.get("match") or {}).get("context")
    if context == "WAYPOINT" and "waypoint-context" not in behaviours:
        yield True, f'unknown value "WAYPOINT" {known}.PatchContext'
    operation = (entry.get("patch") or {}).get("operation")
    if operation == "MERGE_AND_REPLACE_LIST" and "merge-and-replace-list" not in behaviours:
        yield True, f'unknown value "MERGE_AND_REPLACE_LIST" {known}.Patch.Operation'


def _proxy(version: str, behaviours: "Behaviours") -> Findings:
    too_long = len(version.encode()) > _PROXY_VERSION_BYTES
    if too_long and "proxy-version-length-limit" in behaviours:
        yield False, _TOO_LONG
    try:
        re2.compile(version)
    except re2.InvalidRegex as error:
        yield True, f"Envoy filter: invalid regex for proxy version, [{error}]"


def _listener_class(match: Mapping[str, Any]) -> Findings:
    others = ("routeConfiguration", "cluster", "waypoint")
    if match.get("listener") is None:
        if any(match.get(other) is not None for other in others):
            text = "applyTo for listener class objects cannot have non listener match"
            yield True, f"Envoy filter: {text}"
        return
    chain = match["listener"].get("filterChain") or {}
    wanted = chain.get("filter")
    if wanted is None:
        return
    name = wanted.get("name")
    if not name:
        yield True, "Envoy filter: filter match has no name to match on"
        return
    yield from _deprecated(name, names.NETWORK)
    sub = wanted.get("subFilter")
    if sub is None:
        return
    if names.canonical(name, names.NETWORK) != HCM:
        text = f"subfilter match requires filter match with {HCM}"
        yield True, f"Envoy filter: {text}"
    elif not sub.get("name"):
        yield True, "Envoy filter: subfilter match has no name to match on"
    else:
        yield from _deprecated(sub["name"], names.HTTP)


def _deprecated(name: str, table: Mapping[str, str]) -> Findings:
    canonical = names.canonical(name, table)
    if canonical != name:
        yield False, f'using deprecated filter name "{name}"; use "{canonical}" instead'


def _value(message: str, value: Mapping[str, Any]) -> Findings:
    yield from _readability(message, json.dumps(value, sort_keys=True))
    spellings = {"typed_config", "typedConfig", "config_discovery", "configDiscovery"}
    if value.get("name") and not spellings & set(value):
        yield False, f"using deprecated types by name without typed_config; {value['name']}"


@lru_cache(maxsize=256)
def _readability(message: str, text: str) -> tuple[tuple[bool, str], ...]:
    value = json.loads(text)
    try:
        protos.parse(message, value)
    except protos.ProtoError as error:
        return ((True, _unreadable(str(error))),)
    try:
        protos.parse_strictly(message, value)
    except protos.ProtoError as error:
        return ((False, f"Envoy filter: {error}"),)
    return ()


def _unreadable(error: str) -> str:
    if not error.startswith("could not resolve Any message type"):
        return f"Envoy filter: {error}"
    hint = " (hint: try using the v3 XDS API)" if ".v2." in error else ""
    return f"referenced type unknown{hint}: Envoy filter: {error}"
