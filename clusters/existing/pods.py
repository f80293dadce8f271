"""The pods that matter: the gateway's, by the labels that were given, and istiod's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clusters.existing.api import Api

PROXY = "istio-proxy"
ISTIOD = {"app": "istiod"}
#: Labels that tell nothing to somebody who looks for the gateway.
_NOISE = ("helm.sh/", "app.kubernetes.io/", "operator.istio.io/", "install.operator.istio.io/")
_SHOWN = ("istio", "app")


class NoSuchPods(ValueError):
    """No pod has these labels, or none that has them runs."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that serves; `node` is the address of the machine it is on."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    node: str


def gateway(api: Api, namespace: str, labels: Mapping[str, str]) -> tuple[Pod, ...]:
    """Return the ready pods with all of the labels; raises NoSuchPods with those there are."""
    found = _ready(api, namespace, labels)
    if found:
        return found
    wanted = selector(labels)
    there = api.items(_path(namespace))
    alike = [pod for pod in there if labels.items() <= pod["metadata"].get("labels", {}).items()]
    if alike:
        raise _none_ready(f"no gateway pod labelled {wanted} is ready in {namespace}", alike)
    proxies = [pod for pod in there if _is_gateway(pod)]
    text = "".join(f"\n  {line}" for line in dict.fromkeys(map(_labels, proxies))) or " none"
    known = next((line for line in map(_labels, proxies)), "KEY=VALUE")
    raise NoSuchPods(
        f"no pod in {namespace} is labelled {wanted}\n"
        f"last seen: {len(there)} pods, gateways among them:{text}\n"
        "likely cause: the gateway has other labels, or is in another namespace\n"
        f"Hint: --gateway-labels={known.partition(',')[0]}"
        f"{'' if proxies else ' --gateway-namespace=NAME'}"
    )


def istiod(api: Api, namespace: str) -> tuple[Pod, ...]:
    """Return the ready pods of istiod; raises NoSuchPods."""
    if found := _ready(api, namespace, ISTIOD):
        return found
    if there := api.items(_path(namespace), labelSelector=selector(ISTIOD)):
        raise _none_ready(f"no istiod is ready in {namespace}", there)
    raise NoSuchPods(
        f"there is no istiod in {namespace}: no pod is labelled {selector(ISTIOD)}\n"
        "likely cause: Istio is not installed, or its root namespace is another one\n"
        "Hint: kubectl get pods -A -l app=istiod, then --root-namespace=NAME"
    )


def selector(labels: Mapping[str, str]) -> str:
    """Return labels as Kubernetes takes them: "a=b,c=d"."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def _ready(api: Api, namespace: str, labels: Mapping[str, str]) -> tuple[Pod, ...]:
    found = api.items(_path(namespace), labelSelector=selector(labels))
    return tuple(
        Pod(
            namespace=namespace,
            name=pod["metadata"]["name"],
            labels=pod["metadata"]["labels"],
            node=pod["status"].get("hostIP", ""),
        )
        for pod in sorted(found, key=lambda pod: str(pod["metadata"]["name"]))
        if _serves(pod)
    )


def _serves(pod: Mapping[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or []
    return "deletionTimestamp" not in pod["metadata"] and any(
        one["type"] == "Ready" and one["status"] == "True" for one in conditions
    )


def _is_gateway(pod: Mapping[str, Any]) -> bool:
    """Tell whether the proxy is all there is in a pod; beside an application it is a sidecar."""
    return [one["name"] for one in pod["spec"]["containers"]] == [PROXY]


def _labels(pod: Mapping[str, Any]) -> str:
    labels = pod["metadata"].get("labels") or {}
    shown = [key for key in _SHOWN if key in labels] or [
        key for key in labels if not key.startswith(_NOISE)
    ]
    return ",".join(f"{key}={labels[key]}" for key in shown)


def _none_ready(what: str, pods: Iterable[Mapping[str, Any]]) -> NoSuchPods:
    lines = [f"\n  {pod['metadata']['name']}: {_state(pod)}" for pod in pods]
    name, namespace = _named(pods)
    return NoSuchPods(
        f"{what}\nlast seen:{''.join(lines)}\nHint: kubectl -n {namespace} describe pod {name}"
    )


def _named(pods: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    metadata = next(iter(pods))["metadata"]
    return str(metadata["name"]), str(metadata["namespace"])


def _state(pod: Mapping[str, Any]) -> str:
    """Return why a pod does not serve: "Pending, ImagePullBackOff: …"."""
    if "deletionTimestamp" in pod["metadata"]:
        return "being deleted"
    told = [str(pod["status"].get("phase"))]
    for container in pod["status"].get("containerStatuses") or []:
        if waiting := container.get("state", {}).get("waiting"):
            told.append(": ".join(filter(None, (waiting["reason"], waiting.get("message")))))
        elif not container["ready"]:
            told.append(f"{container['name']} is not ready")
    for condition in pod["status"].get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            told.append(condition.get("message") or condition.get("reason") or "not scheduled")
    return ", ".join(told)
