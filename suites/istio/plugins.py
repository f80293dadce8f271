"""WasmPlugin and TrafficExtension documents as people write them."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "istio-system"

_numbers = itertools.count(1)


def fresh(name: str) -> str:
    """Return a name that no document had, and that comes after all before it in the alphabet.

    A used one may still be served while a listener drains.
    """
    return f"{name}-{next(_numbers):06}"


def plugin(name: str, url: str, *, namespace: str = NAMESPACE, **spec: Any) -> str:
    """Return the document of a plugin for the gateway whose module is at `url`."""
    return _written("WasmPlugin", name, namespace, {"url": url} | spec)


def extension(name: str, *, namespace: str = NAMESPACE, **spec: Any) -> str:
    """Return the document of a TrafficExtension for the gateway: `wasm` or `lua`, and the rest."""
    return _written("TrafficExtension", name, namespace, spec)


def script(mark: str) -> dict[str, str]:
    """Return the `lua` of a TrafficExtension that adds `mark` to the responses it sees."""
    return {
        "inlineCode": f"function envoy_on_response(h) h:headers():add({MARK!r}, {mark!r}) end",
    }


def _written(kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> str:
    # Selector and targetRefs exclude each other.
    selector = {} if "targetRefs" in spec else {"matchLabels": {"istio": "ingressgateway"}}
    document = {
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": ({"selector": selector} if selector else {}) | dict(spec),
    }
    # JSON is YAML.
    return f"---\n{json.dumps(document)}\n"


def marking(name: str, url: str, mark: str, **options: Any) -> str:
    """Return the document of a header filter that adds `mark` to the responses it sees."""
    return plugin(name, url, pluginConfig={"add": {MARK: mark}}, **options)


MARK = "x-passed"


def marks(gateway: Any) -> list[str]:
    """Return the marks of the filters in the order in which a request meets them.

    A response meets them the other way round, and each adds its mark after those that are there.
    """
    return list(reversed(gateway.send("GET", "/productpage").values(MARK)))
