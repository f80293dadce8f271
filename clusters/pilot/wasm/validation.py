"""What the API server and istiod's webhook say to a WasmPlugin or TrafficExtension."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot.wasm import address
from clusters.pilot.wasm.fields import given, has_kind

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document

_DIGEST_LENGTH = 64
_SECRET_LENGTH = 253
_NAME_LENGTH = 256
_LUA_BYTES = 64 << 10
_HIGHEST_PORT = 65535
_STRATEGIES = ("FAIL_CLOSE", "FAIL_OPEN")
_GATEWAY_API = "gateway.networking.k8s.io"
_TARGETS = (
    ("", "Service", "core/v1/Service"),
    ("networking.istio.io", "ServiceEntry", "networking.istio.io/v1/ServiceEntry"),
)
_TARGET_GATEWAYS = (
    (_GATEWAY_API, "Gateway", f"{_GATEWAY_API}/v1/Gateway"),
    (_GATEWAY_API, "GatewayClass", f"{_GATEWAY_API}/v1/GatewayClass"),
)
_TARGET_GATEWAYS_BEFORE = ((_GATEWAY_API, "Gateway", f"{_GATEWAY_API}/v1beta1/Gateway"),)

Findings = Iterator[tuple[bool, str]]
"""Pairs of "is this an error" (otherwise a warning) and the text."""


def findings(document: "Document", behaviours: "Behaviours") -> Findings:
    """Yield every error and warning, in the webhook's order."""
    if not has_kind(document.kind, behaviours):
        yield True, f'no matches for kind "{document.kind}" in version "{document.api_version}"'
        return
    spec = given(document.spec)
    native = document.kind == "TrafficExtension"
    module = spec.get("wasm") if native else spec
    if native and (spec.get("wasm") is None) == (spec.get("lua") is None):
        yield True, "exactly one of wasm or lua must be set"
    yield from _strategy(module or {}, behaviours)
    yield from _selection(spec, behaviours)
    if spec.get("lua") is not None:
        yield from _lua(spec["lua"].get("inlineCode") or "")
    if module is not None:
        longest = 256 if native else 255
        yield from _errors(_module(module, longest))
    yield from _errors(_match(spec.get("match") or []))


def _errors(texts: Iterator[str]) -> Findings:
    return ((True, text) for text in texts)


def _strategy(module: Mapping[str, Any], behaviours: "Behaviours") -> Findings:
    strategy = module.get("failStrategy")
    if strategy == "FAIL_RELOAD" and "wasm-fail-reload" not in behaviours:
        supported = ", ".join(f'"{one}"' for one in _STRATEGIES)
        yield (
            True,
            f'spec.failStrategy: Unsupported value: "{strategy}": supported values: {supported}',
        )


def _selection(spec: Mapping[str, Any], behaviours: "Behaviours") -> Findings:
    single, several = spec.get("targetRef"), spec.get("targetRefs") or []
    selector = spec.get("selector")
    if sum((selector is not None, single is not None, bool(several))) > 1:
        yield True, "only one of targetRefs or workloadSelector can be set"
    if selector is not None:
        labels = selector.get("matchLabels") or {}
        for name, value in labels.items():
            if not name:
                yield True, f'empty key is not supported in selector: "{name}={value}"'
            if "*" in name or "*" in value:
                yield True, f'wildcard is not supported in selector: "{name}={value}"'
        if not labels and "wasm-empty-selector-warning" in behaviours:
            yield False, "workload selector specified without labels"
    for target in ([] if single is None else [single]) + several:
        yield from _errors(_target(target, behaviours))


def _target(target: Mapping[str, Any], behaviours: "Behaviours") -> Iterator[str]:
    if not target.get("name"):
        yield "targetRef name must be set"
    if target.get("namespace"):
        yield ("targetRef namespace must not be set; cross namespace referencing is not supported")
    group, kind = target.get("group") or "", target.get("kind") or ""
    classes = "target-ref-gateway-class" in behaviours
    allowed = (*_TARGETS, *(_TARGET_GATEWAYS if classes else _TARGET_GATEWAYS_BEFORE))
    asked = ("" if group == "core" else group, kind)
    if asked not in {(one[0], one[1]) for one in allowed}:
        shown = " ".join(one[2] for one in allowed)
        yield f"targetRef must be to one of [{shown}] but was {group}/{kind}"


def _module(module: Mapping[str, Any], longest: int) -> Iterator[str]:
    yield from _url(module.get("url") or "")
    digest = module.get("sha256") or ""
    if digest and len(digest) != _DIGEST_LENGTH:
        yield f"sha256 field must be {_DIGEST_LENGTH} characters long"
    elif digest and not re.fullmatch("[a-f0-9]*", digest):
        yield "sha256 field must match [a-f0-9]{64} pattern"
    if len(module.get("imagePullSecret") or "") > _SECRET_LENGTH:
        yield f"imagePullSecret field must be less than {_SECRET_LENGTH} characters long"
    if len(module.get("pluginName") or "") > _NAME_LENGTH:
        # The webhook's own numbers: a name of 256 characters passes all the same.
        yield f"pluginName field must be less than {longest} characters long"
    yield from _environment((module.get("vmConfig") or {}).get("env") or [])


def _url(url: str) -> Iterator[str]:
    if not url:
        yield "url field needs to be set"
        return
    try:
        scheme = address.scheme(url)
    except address.InvalidAddress as error:
        yield str(error)
        return
    if scheme not in address.SCHEMES:
        yield f"url contains unsupported scheme: {scheme}"


def _environment(variables: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the first mistake only, as the webhook returns it."""
    seen = set()
    for one in variables:
        name = one.get("name") or ""
        if not name:
            yield "spec.vmConfig.env invalid"
        elif len(name) > _NAME_LENGTH:
            yield "env.name field must be less than 255 characters long"
        elif name in seen:
            yield "duplicate env"
        elif one.get("valueFrom") == "HOST" and one.get("value"):
            yield "value may only be set when valueFrom is INLINE"
        else:
            seen.add(name)
            continue
        return


def _match(selectors: list[Mapping[str, Any]]) -> Iterator[str]:
    for index, one in enumerate(selectors):
        for place, port in enumerate(one.get("ports") or []):
            number = port.get("number") or 0
            if not 1 <= number <= _HIGHEST_PORT:
                yield f"spec.Match[{index}].Ports[{place}] is out of range: {number}"
                return


def _lua(code: str) -> Findings:
    if not code:
        yield True, "lua.inlineCode cannot be empty"
    elif len(code.encode()) > _LUA_BYTES:
        yield True, "lua.inlineCode exceeds maximum size of 64KB"
