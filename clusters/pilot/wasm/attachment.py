"""Which extensions reach a proxy, in which order, and which of its listeners (istio.md 3)."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from clusters.pilot.envoyfilter.selection import GATEWAY_NAME, ROOT_NAMESPACE
from clusters.pilot.order import by_age
from clusters.pilot.wasm.extension import PHASES

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.node import Node
    from clusters.pilot.wasm.extension import Extension

_GATEWAY = ("gateway.networking.k8s.io", "Gateway")


def ordered(
    extensions: Iterable["Extension"], node: "Node", behaviours: "Behaviours"
) -> list["Extension"]:
    """Return extensions in the order in which a request meets them."""
    root_first = "wasm-root-namespace-first" in behaviours

    def place(one: "Extension") -> tuple[object, ...]:
        of_the_proxy = one.document.namespace == node.namespace
        return (
            PHASES.index(one.phase),
            -one.priority,
            of_the_proxy if root_first else not of_the_proxy,
            by_age(one.document),
        )

    return sorted(extensions, key=place)


def why_not(one: "Extension", node: "Node", labels: Mapping[str, str]) -> str | None:
    """Return why an extension does not reach the proxy, None when it does."""
    namespace = one.document.namespace
    if namespace not in (ROOT_NAMESPACE, node.namespace):
        return (
            f"the namespace {namespace} is neither the root namespace {ROOT_NAMESPACE} "
            f"nor the proxy's, {node.namespace}"
        )
    single, several = one.spec.get("targetRef"), one.spec.get("targetRefs")
    if targets := several or ([single] if single else []):
        return _why_not_targeted(one, targets, node, labels)
    for name, value in ((one.spec.get("selector") or {}).get("matchLabels") or {}).items():
        if labels.get(name) != value:
            has = f"{name}={labels[name]}" if name in labels else f"no label {name}"
            return f"selector.matchLabels asks for {name}={value}, the proxy has {has}"
    return None


def why_not_on(one: "Extension", port: int) -> str | None:
    """Return why an extension is left out of a gateway's listener on a port, None when it is not.

    Any of its matches is enough. A gateway's listeners are of mode CLIENT.
    """
    matches = one.spec.get("match") or []
    reasons = []
    for entry in matches:
        mode = entry.get("mode") or "UNDEFINED"
        ports = [each.get("number") for each in entry.get("ports") or []]
        if mode == "SERVER":
            reasons.append("mode SERVER is for sidecars, a gateway's listeners are CLIENT")
        elif ports and port not in ports:
            listed = ", ".join(map(str, ports))
            reasons.append(
                f"ports {listed} are not {port}, the port that Envoy listens on"
                " (which need not be the Gateway's)"
            )
        else:
            return None
    return f"no match fits: {'; '.join(dict.fromkeys(reasons))}" if reasons else None


def _why_not_targeted(
    one: "Extension",
    targets: Iterable[Mapping[str, str]],
    node: "Node",
    labels: Mapping[str, str],
) -> str | None:
    gateway = labels.get(GATEWAY_NAME)
    if gateway is None:
        return f"it has targetRefs, and the proxy has no label {GATEWAY_NAME}"
    if one.document.namespace != node.namespace:
        return (
            f"its targetRefs work in the gateway's own namespace, {node.namespace}, "
            f"not in {one.document.namespace}"
        )
    for target in targets:
        if (target.get("group"), target.get("kind")) == _GATEWAY and target["name"] == gateway:
            return None
    return f"none of its targetRefs names the Gateway {gateway} of {_GATEWAY[0]}"
