"""Which EnvoyFilters reach a proxy, and in which order (istio.md sections 1.1 and 1.2)."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from clusters.pilot.order import by_age

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document
    from clusters.pilot.node import Node

ROOT_NAMESPACE = "istio-system"
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
_GATEWAY_GROUP = "gateway.networking.k8s.io"


def why_not(
    document: "Document", node: "Node", labels: Mapping[str, str], behaviours: "Behaviours"
) -> str | None:
    """Return why an EnvoyFilter does not reach the proxy, or None when it does."""
    namespaces = (ROOT_NAMESPACE, node.namespace)
    if document.namespace not in namespaces:
        return (
            f"the namespace {document.namespace} is neither the root namespace {ROOT_NAMESPACE} "
            f"nor the proxy's, {node.namespace}"
        )
    if "envoyfilter-target-refs" in behaviours and document.spec.get("targetRefs"):
        return _why_not_targeted(document, node, labels)
    selector = (document.spec.get("workloadSelector") or {}).get("labels") or {}
    for name, value in selector.items():
        if labels.get(name) != value:
            has = f"{name}={labels[name]}" if name in labels else f"no label {name}"
            return f"workloadSelector asks for {name}={value}, the proxy has {has}"
    return None


def ordered(documents: Iterable["Document"], behaviours: "Behaviours") -> list["Document"]:
    """Return EnvoyFilters in the order their patches are applied."""
    if "envoyfilter-priority" not in behaviours:
        return sorted(documents, key=lambda one: (_not_root(one), by_age(one)))
    if "priority-across-namespaces" in behaviours:
        return sorted(documents, key=lambda one: (_priority(one), _not_root(one), by_age(one)))
    return sorted(documents, key=lambda one: (_not_root(one), _priority(one), by_age(one)))


def _why_not_targeted(document: "Document", node: "Node", labels: Mapping[str, str]) -> str | None:
    gateway = labels.get(GATEWAY_NAME)
    if gateway is None:
        return f"it has targetRefs, and the proxy has no label {GATEWAY_NAME}"
    if document.namespace != node.namespace:
        return (
            f"its targetRefs work in the gateway's own namespace, {node.namespace}, "
            f"not in {document.namespace}"
        )
    for target in document.spec["targetRefs"]:
        named = (target.get("group"), target.get("kind"), target.get("name"))
        if named == (_GATEWAY_GROUP, "Gateway", gateway):
            return None
    return f"none of its targetRefs names the Gateway {gateway} of {_GATEWAY_GROUP}"


def _priority(document: "Document") -> int:
    priority: int = document.spec.get("priority") or 0
    return priority


def _not_root(document: "Document") -> bool:
    return document.namespace != ROOT_NAMESPACE
