"""What Istio's webhook refuses or warns about, in its own words (istio.md section 1.10)."""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from clusters.pilot import fields, protos, re2, routevalidation, secrets
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
_LISTENER_CLASS = ("LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER")
_OBJECTS = ("listener", "routeConfiguration", "cluster", "waypoint")
_CLASSES = (
    (
        ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"),
        "routeConfiguration",
        "http route",
        "route configuration",
    ),
    (("CLUSTER",), "cluster", "cluster", "cluster"),
)

Findings = Iterator[tuple[bool, str]]
"""Pairs of "is this an error" (otherwise a warning) and Istio's text."""


def validate(document: "Document", behaviours: "Behaviours") -> tuple[str, ...]:
    """Return a cluster's warnings: of fields the release does not read, then the webhook's.

    Raises InvalidDocument with all errors; the webhook sees what the API server stores.
    """
    missing = fields.missing(document, behaviours)
    try:
        _judged(document, ((True, text) for text in fields.refused_values(document, behaviours)))
        told = webhook(fields.as_stored(document, behaviours), behaviours)
    except InvalidDocument as refusal:
        pruned = ", ".join(one.place for one in missing if one.pruned)
        if not pruned:
            raise
        hint = f"Hint: this release does not know, and leaves out, {pruned}"
        raise InvalidDocument(f"{refusal}\n{hint}") from refusal
    return (*(one.sentence for one in missing), *told)


def webhook(document: "Document", behaviours: "Behaviours") -> tuple[str, ...]:
    """Return the webhook's warnings; raises InvalidDocument with all of its errors."""
    return _judged(document, _findings(document, behaviours))


def _judged(document: "Document", found: Iterable[tuple[bool, str]]) -> tuple[str, ...]:
    findings = list(found)
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
        for text in routevalidation.errors(document, behaviours):
            yield True, text
        for text in routevalidation.warnings(document):
            yield False, text


def _envoy_filter(spec: Mapping[str, Any], behaviours: "Behaviours") -> Findings:
    yield False, _INTERNALS
    if "workloadSelector" in spec and not (spec["workloadSelector"] or {}).get("labels"):
        yield False, _NO_LABELS
    for patch in spec.get("configPatches") or []:
        yield from _patch(patch or {}, behaviours)


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
    version = (match.get("proxy") or {}).get("proxyVersion") or ""
    stops = yield from _stopping(_proxy(version, behaviours))
    if stops:
        return
    if apply_to in _LISTENER_CLASS:
        stops = yield from _stopping(_listener_class(apply_to, match))
        if stops:
            return
    else:
        yield from _other_class(apply_to, match)
    if value is not None:
        yield from _value(MESSAGES[apply_to], value)


def _stopping(findings: Findings) -> Generator[tuple[bool, str], None, bool]:
    """Pass findings on; return whether there was an error, after which istiod looks no further."""
    stopped = False
    for is_error, text in findings:
        stopped = stopped or is_error
        yield is_error, text
    return stopped


def _unknown_enums(entry: Mapping[str, Any], behaviours: "Behaviours") -> Findings:
    known = "for enum istio.networking.v1alpha3.EnvoyFilter"
    context = (entry.get("match") or {}).get("context")
    if context == "WAYPOINT" and "waypoint-context" not in behaviours:
        yield True, f'unknown value "WAYPOINT" {known}.PatchContext'
    operation = (entry.get("patch") or {}).get("operation")
    if operation == "MERGE_AND_REPLACE_LIST" and "merge-and-replace-list" not in behaviours:
        yield True, f'unknown value "MERGE_AND_REPLACE_LIST" {known}.Patch.Operation'
    apply_to = entry.get("applyTo")
    too_new = {
        "LISTENER_FILTER": "listener-filter-patches" not in behaviours,
        "BOOTSTRAP": "bootstrap-patches" not in behaviours,
    }
    if too_new.get(apply_to or ""):
        yield True, f'unknown value "{apply_to}" {known}.ApplyTo'


def _proxy(version: str, behaviours: "Behaviours") -> Findings:
    too_long = len(version.encode()) > _PROXY_VERSION_BYTES
    if too_long and "proxy-version-length-limit" in behaviours:
        yield False, _TOO_LONG
    try:
        re2.compile(version)
    except re2.InvalidRegex as error:
        yield True, f"Envoy filter: invalid regex for proxy version, [{error}]"


def _listener_class(apply_to: str, match: Mapping[str, Any]) -> Findings:
    if match.get("listener") is None:
        if any(match.get(other) is not None for other in _OBJECTS):
            text = "applyTo for listener class objects cannot have non listener match"
            yield True, f"Envoy filter: {text}"
        return
    chain = match["listener"].get("filterChain") or {}
    wanted = chain.get("filter")
    if wanted is None:
        return
    if apply_to in ("LISTENER", "FILTER_CHAIN"):
        yield False, f"Envoy filter: filter match has no effect when used with {apply_to}"
    name, sub = wanted.get("name"), wanted.get("subFilter")
    if not name:
        yield True, "Envoy filter: filter match has no name to match on"
        return
    if sub is not None:
        error = _sub_filter_error(apply_to, name, sub)
        if error:
            yield True, f"Envoy filter: {error}"
            return
    yield from _deprecated(name)
    yield from _deprecated((sub or {}).get("name") or "")


def _sub_filter_error(apply_to: str, name: str, sub: Mapping[str, Any]) -> str:
    if apply_to != "HTTP_FILTER":
        return "subfilter match can be used with applyTo HTTP_FILTER only"
    if names.canonical(name, names.NETWORK) != HCM:
        return f"subfilter match requires filter match with {HCM}"
    return "" if sub.get("name") else "subfilter match has no name to match on"


def _other_class(apply_to: str, match: Mapping[str, Any]) -> Findings:
    for group, own, called, needed in _CLASSES:
        given = [one for one in _OBJECTS if match.get(one) is not None]
        if apply_to in group and given and own not in given:
            text = f"applyTo for {called} class objects cannot have non {needed} match"
            yield True, f"Envoy filter: {text}"


def _deprecated(name: str) -> Findings:
    for table in (names.HTTP, names.LISTENER, names.NETWORK):
        if name in table:
            yield False, f'using deprecated filter name "{name}"; use "{table[name]}" instead'
            return


def _value(message: str, value: Mapping[str, Any]) -> Findings:
    yield from _readability(message, json.dumps(value, sort_keys=True))


@lru_cache(maxsize=256)
def _readability(message: str, text: str) -> tuple[tuple[bool, str], ...]:
    value = json.loads(text)
    try:
        made = protos.parse(message, value)
    except protos.ProtoError as error:
        return ((True, _unreadable(str(error))),)
    try:
        protos.parse_strictly(message, value)
    except protos.ProtoError as error:
        return ((False, f"Envoy filter: {error}"),)
    untyped = protos.without_typed_config(made)
    if untyped:
        text = f"using deprecated types by name without typed_config; {', '.join(untyped)}"
        return ((False, text),)
    return ()


def _unreadable(error: str) -> str:
    if "could not resolve Any message type" not in error:
        return f"Envoy filter: {error}"
    hint = " (hint: try using the v3 XDS API)" if ".v2." in error else ""
    return f"referenced type unknown{hint}: Envoy filter: {error}"
