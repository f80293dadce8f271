"""The gateway proxy as Istio sees it: who it says it is when it connects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

INGRESS_LABELS = {"app": "istio-ingressgateway", "istio": "ingressgateway"}
"""The labels that the installed ingress gateway carries and Gateways select."""

_TYPES = ("sidecar", "router", "waypoint", "ztunnel", "agentgateway")


class InvalidNode(ValueError):
    """A node id that istiod refuses; the message is istiod's."""


@dataclass(frozen=True, slots=True)
class Node:
    """A proxy: its id, config namespace, labels, metadata and address.

    `metadata` is what the proxy sends (ISTIO_VERSION, NAMESPACE, LABELS, ...).
    """

    id: str
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ip: str = "127.0.0.1"

    @property
    def version(self) -> str:
        """Return ISTIO_VERSION as the proxy sent it, "" when it sent none or no text."""
        value = self.metadata.get("ISTIO_VERSION", "")
        return value if isinstance(value, str) else ""


def ingress_gateway(
    version: str,
    *,
    namespace: str = "istio-system",
    labels: Mapping[str, str] = INGRESS_LABELS,
    ip: str = "127.0.0.1",
) -> Node:
    """Return the node of an ingress gateway whose pilot-agent has this Istio version."""
    metadata = {
        "ISTIO_VERSION": version,
        "NAMESPACE": namespace,
        "CLUSTER_ID": "Kubernetes",
        "LABELS": dict(labels),
        "INSTANCE_IPS": ip,
    }
    name = f"router~{ip}~istio-ingressgateway.{namespace}~{namespace}.svc.cluster.local"
    return Node(id=name, namespace=namespace, labels=labels, metadata=metadata, ip=ip)


def read(node_id: str, metadata: Mapping[str, Any]) -> Node:
    """Return the node of a proxy that connected; raises InvalidNode with istiod's words."""
    if not node_id:
        raise InvalidNode("missing node information")
    parts = node_id.split("~")
    if len(parts) != 4:
        raise InvalidNode(f'missing parts in the service node "{node_id}"')
    if parts[0] not in _TYPES:
        raise InvalidNode(
            f'invalid node type (valid types: {", ".join(_TYPES)}) in the service node "{node_id}"'
        )
    return Node(
        id=node_id,
        namespace=str(metadata.get("NAMESPACE") or parts[3].partition(".")[0]),
        labels=dict(metadata.get("LABELS") or {}),
        metadata=metadata,
        ip=_address(str(metadata.get("INSTANCE_IPS", "")), parts[1]),
    )


def _address(instance_ips: str, from_id: str) -> str:
    for candidate in (*instance_ips.split(","), from_id):
        try:
            return str(ip_address(candidate))
        except ValueError:
            continue
    raise InvalidNode("no valid IP address in the service node id or metadata")
