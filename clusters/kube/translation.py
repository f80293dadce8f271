"""Between what suites write and what a cluster gets: namespaces, labels, addresses of this machine.

Suites write documents for the well-known ingress gateway in istio-system, and routes in default.
Here they are led to the gateway and the namespaces of a target, and what is on this machine's
loopback to where pods reach it. Nothing inside a filter's own configuration is touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clusters.kube.target import Target

#: What suites write, whatever the target is.
NAMESPACE, ROOT = "default", "istio-system"
LABELS = {"istio": "ingressgateway"}
_LOOPBACK = r"(?:127\.0\.0\.1|localhost|\[::1\])"
_ADDRESS = re.compile(rf"{_LOOPBACK}:(?P<port>\d+)")
_AT_THE_START = re.compile(rf"^(?P<scheme>(?:\w+://)?){_LOOPBACK}:(?P<port>\d+)(?=/|$)")
#: Fields that hold the address of a module, and variables that hold those of registries.
URLS = ("uri", "url")
SECRETS = ("ISTIO_META_WASM_IMAGE_PULL_SECRET",)
#: What belongs to a filter alone.
CONFIGURATIONS = ("configuration", "pluginConfig")
LOOPBACKS = ("127.0.0.1", "::1")
#: Kinds that would act on every gateway of the mesh if they named none.
_SELECTORS = {
    "EnvoyFilter": ("workloadSelector", "labels"),
    "WasmPlugin": ("selector", "matchLabels"),
    "TrafficExtension": ("selector", "matchLabels"),
}


@dataclass(slots=True)
class Translation:
    """Documents out, words back. `reach` gives the relay's port for one of this machine's.

    `host` is the relay's address.
    """

    target: Target
    host: str
    reach: Callable[[int], int]
    _ports: dict[int, int] = field(default_factory=dict)

    def out(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document as this cluster is to get it."""
        kind, metadata = document["kind"], dict(document["metadata"])
        metadata["namespace"] = self.namespace(metadata["namespace"])
        # The server says when an object was made.
        metadata.pop("creationTimestamp", None)
        found: dict[str, Any] = self._value({**document, "metadata": metadata})
        spec = found.get("spec")
        if kind == "ServiceEntry" and spec is not None:
            found["spec"] = self._entry(spec)
        if kind in _SELECTORS and not self.target.owned and spec is not None:
            self._select(spec, *_SELECTORS[kind])
        return found

    def namespace(self, name: str) -> str:
        """Return what a namespace of the suites is called in this cluster."""
        return {NAMESPACE: self.target.namespace, ROOT: self.target.root_namespace}.get(name, name)

    def back(self, text: str) -> str:
        """Return a text with the relay's addresses as those that the suites know."""
        for port, own in self._ports.items():
            text = re.sub(rf"{re.escape(self.host)}:{own}\b", f"127.0.0.1:{port}", text)
        return text

    def as_written(self, name: str) -> str:
        """Return a name that the proxy has, as suites write it."""
        return name.replace(f".{self.target.namespace}.svc.", f".{NAMESPACE}.svc.")

    def _value(self, value: Any, key: str = "") -> Any:
        if key in CONFIGURATIONS:
            return value
        if isinstance(value, dict):
            if key in ("labels", "matchLabels", "selector") and value == LABELS:
                return dict(self.target.gateway_labels)
            return {name: self._value(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value(each, key) for each in value]
        if isinstance(value, str):
            return self._text(value, key)
        return value

    def _text(self, text: str, key: str) -> str:
        if key in URLS:
            return _AT_THE_START.sub(lambda found: found["scheme"] + self._there(found), text)
        if key in SECRETS:
            return _ADDRESS.sub(self._there, text)
        if key == "gateways" and text.startswith(f"{NAMESPACE}/"):
            return f"{self.target.namespace}/{text.partition('/')[2]}"
        return text.replace(f".{NAMESPACE}.svc.", f".{self.target.namespace}.svc.")

    def _there(self, found: re.Match[str]) -> str:
        return f"{self.host}:{self._own(int(found['port']))}"

    def _own(self, port: int) -> int:
        # Asked each time: whether anybody listens there is part of the answer.
        self._ports[port] = self.reach(port)
        return self._ports[port]

    def _entry(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Return a ServiceEntry whose endpoints on loopback are the relay's."""
        endpoints = spec.get("endpoints") or []
        if not any(each.get("address") in LOOPBACKS for each in endpoints):
            return spec
        targets = {
            each["name"]: self._own(each.get("targetPort", each["number"]))
            for each in spec.get("ports", [])
        }
        moved = []
        for each in endpoints:
            if each.get("address") in LOOPBACKS:
                own = {name: self._own(port) for name, port in (each.get("ports") or {}).items()}
                moved.append({**each, "address": self.host, "ports": targets | own})
            else:
                moved.append(each)
        return {**spec, "endpoints": moved}

    def _select(self, spec: dict[str, Any], selector: str, labels: str) -> None:
        """Let a document that names no gateway be for this one alone: others are not ours."""
        if not spec.get("targetRefs") and not (spec.get(selector) or {}).get(labels):
            spec[selector] = {labels: dict(self.target.gateway_labels)}
