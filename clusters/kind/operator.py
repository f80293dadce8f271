"""How Istio is installed: the IstioOperator document that istioctl is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from clusters.kind.kind_config import GATEWAY_NODE_PORT, SPARE_NODE_PORT

#: A laptop's worth; the defaults ask for half a processor and 2 GiB for istiod alone.
_REQUESTS = {"requests": {"cpu": "10m", "memory": "128Mi"}}
GATEWAY = "istio-ingressgateway"
GATEWAY_PORT, SPARE_PORT = 8080, 8081


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the images come from, and whether the proxy has the filters of Istio's own build."""

    hub: str
    tag: str
    istio_filters: bool


def render(wanted: Installation) -> str:
    """Return the document: istiod, one ingress gateway on two fixed ports of the node, no more."""
    spec: dict[str, Any] = {
        "profile": "minimal",
        "hub": wanted.hub,
        "tag": wanted.tag,
        "meshConfig": {
            "defaultConfig": {
                # A removed filter lives on in a listener that drains, 45 s by default, and a test
                # that uses the same extension name meanwhile meets it.
                "drainDuration": "1s",
                "terminationDrainDuration": "1s",
                # As in the local place: a module that traps does so for every later request, not
                # for those that happen to meet the same worker.
                "concurrency": 1,
            },
        },
        "components": {
            "pilot": {"k8s": {"resources": _REQUESTS, **_istiod(wanted)}},
            "ingressGateways": [
                {
                    "name": GATEWAY,
                    "enabled": True,
                    "k8s": {"resources": _REQUESTS, "service": _service()},
                }
            ],
        },
        "values": {
            # What is in the node is used, whatever its tag is.
            "global": {"imagePullPolicy": "IfNotPresent"},
            # There is no metrics server to scale by.
            "pilot": {"autoscaleEnabled": False},
            "gateways": {GATEWAY: {"autoscaleEnabled": False}},
            **_telemetry(wanted),
        },
    }
    document = {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": spec,
    }
    return yaml.safe_dump(document, sort_keys=False)


def _service() -> dict[str, Any]:
    ports = (
        ("http2", 80, GATEWAY_PORT, GATEWAY_NODE_PORT),
        ("http2-spare", 81, SPARE_PORT, SPARE_NODE_PORT),
    )
    return {
        "type": "NodePort",
        "ports": [
            {"name": name, "port": port, "targetPort": target, "nodePort": node}
            for name, port, target, node in ports
        ],
    }


def _istiod(wanted: Installation) -> dict[str, Any]:
    if wanted.istio_filters:
        return {}
    # A listener that names a filter which the proxy does not have is refused as a whole.
    off = ("PILOT_ENABLE_METADATA_EXCHANGE", "PILOT_ENABLE_ALPN_FILTER")
    return {"env": [{"name": name, "value": "false"} for name in off]}


def _telemetry(wanted: Installation) -> dict[str, Any]:
    return (
        {} if wanted.istio_filters else {"telemetry": {"enabled": False, "v2": {"enabled": False}}}
    )
