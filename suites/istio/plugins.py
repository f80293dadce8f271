"""WasmPlugin documents as people write them."""

from __future__ import annotations

import itertools
import json
from typing import Any

NAMESPACE = "istio-system"

_numbers = itertools.count(1)


def fresh(name: str) -> str:
    """Return a name that no document had, and that comes after all before it in the alphabet.

    A used one may still be served while a listener drains.
    """
    return f"{name}-{next(_numbers):06}"


def plugin(name: str, url: str, *, namespace: str = NAMESPACE, **spec: Any) -> str:
    """Return the document of a plugin for the gateway whose module is at `url`."""
    selector = {"matchLabels": {"istio": "ingressgateway"}}
    document = {
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": "WasmPlugin",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": selector, "url": url} | spec,
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
