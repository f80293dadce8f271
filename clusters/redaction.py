"""What must not be handed on, left out of texts and objects before anything is written."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LEFT_OUT = "…"
_TOKENS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JSON web token
    r"|(?<=[Bb]earer )[\w.~+/=-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----"
    r"|(?<=://)[^\s/:@\"']+:[^\s/@\"']+(?=@)"  # a name and a password before a host
)
#: What Docker keeps of a registry; in dumps it is JSON within JSON, its quotes with backslashes.
_REGISTRY = re.compile(r'(\\*"(?:auth|password|identitytoken)\\*"\s*:\s*\\*")[^"\\]+')
_BASIC = re.compile(r"(\bbasic\s+)([\w+/-]+=*)", re.IGNORECASE)
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def tokens(text: str) -> str:
    """Return a text without tokens, private keys and passwords of registries."""
    return _REGISTRY.sub(rf"\1{LEFT_OUT}", _TOKENS.sub(LEFT_OUT, text))


def words(text: str) -> str:
    """Return a text without tokens and without credentials of anybody's Basic authentication."""
    return _BASIC.sub(_without_credentials, tokens(text))


def _without_credentials(found: re.Match[str]) -> str:
    """Return the scheme alone; the word behind it may be "realm" or "authentication" as well."""
    word = found[2].replace("-", "+").replace("_", "/").rstrip("=")
    try:
        said = base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
    except binascii.Error:
        return found[0]
    return found[1] + LEFT_OUT if b":" in said else found[0]


def thing(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without what a Secret holds, and without the values of pods' variables.

    What people annotate a Secret with, and what kubectl keeps of an object, repeats both.
    """
    kept = dict(stored)
    metadata = kept.get("metadata") or {}
    if kept.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if part in kept:
                kept[part] = dict.fromkeys(kept[part], LEFT_OUT)
        kept["metadata"] = {key: metadata.get(key) for key in ("name", "namespace")}
        return kept
    if _APPLIED in (metadata.get("annotations") or {}):
        annotations = metadata["annotations"] | {_APPLIED: LEFT_OUT}
        kept["metadata"] = {**metadata, "annotations": annotations}
    if any(part in (kept.get("spec") or {}) for part in _CONTAINERS):
        kept["spec"] = _without_values(kept["spec"])
    return kept


def _without_values(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(spec)
    for part in _CONTAINERS:
        if part in kept:
            kept[part] = [_without_value(each) for each in kept[part] or []]
    return kept


def _without_value(container: Mapping[str, Any]) -> dict[str, Any]:
    if not container.get("env"):
        return dict(container)
    env = [one | {"value": LEFT_OUT} if one.get("value") else one for one in container["env"]]
    return {**container, "env": env}
