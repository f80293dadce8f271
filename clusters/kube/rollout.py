"""The gateway's pods begin anew with other variables of their environment, and then as before."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.kube.gateway_pods import PROXY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from clusters.kube.gateway_pods import GatewayPods
    from clusters.kube.target import Target

ROLLOUT_SECONDS = 180.0
#: An API may fall silent with its connections open.
_PLAIN = {"_request_timeout": apply.REQUEST_SECONDS}


class NoDeployment(Exception):
    """The gateway's pods belong to no Deployment that could be changed."""


@contextmanager
def environment(
    pods: GatewayPods, target: Target, variables: Mapping[str, str], settle: Callable[[], None]
) -> Iterator[None]:
    """Give the agent variables while the block lasts.

    `settle` waits, after each rollout, until the new pods have what the old ones had. Raises
    NoDeployment, apply.KubeError and waiting.TimedOut.
    """
    from kubernetes import client

    api = client.AppsV1Api(apply.api_client(target.kubeconfig, context=target.context))
    deployment = _deployment(api, target)
    name, namespace = deployment.metadata.name, deployment.metadata.namespace
    proxy = next(one for one in deployment.spec.template.spec.containers if one.name == PROXY)
    before = {one.name: one.value for one in proxy.env or []}
    given = [{"name": key, "value": value} for key, value in variables.items()]
    back = [
        {"name": key, "value": before[key]} if key in before else {"name": key, "$patch": "delete"}
        for key in variables
    ]

    def change(env: list[dict[str, Any]]) -> None:
        containers = [{"name": PROXY, "env": env}]
        body = {"spec": {"template": {"spec": {"containers": containers}}}}
        with _asking(api, f"changing the Deployment {namespace}/{name}"):
            api.patch_namespaced_deployment(name, namespace, body, **_PLAIN)
        _wait(api, name, namespace)
        waiting.until(
            pods.leaving,
            lambda names: not names,
            what=f"the end of the earlier pods of {namespace}/{name}",
            within=ROLLOUT_SECONDS,
            every=0.2,
            hint=f"kubectl -n {namespace} get pods",
        )
        pods.wait()
        settle()

    try:
        change(given)
        yield
    finally:
        change(back)


def _deployment(api: Any, target: Target) -> Any:
    with _asking(api, f"listing the Deployments of {target.gateway_namespace}"):
        there = api.list_namespaced_deployment(target.gateway_namespace, **_PLAIN).items
    found = [
        one
        for one in there
        if target.gateway_labels.items() <= (one.spec.template.metadata.labels or {}).items()
    ]
    if len(found) != 1:
        raise NoDeployment(
            f"{len(found)} Deployments in {target.gateway_namespace} make pods labelled "
            f"{dict(target.gateway_labels)}, and one is wanted\n"
            f"Hint: kubectl -n {target.gateway_namespace} get deployments --show-labels"
        )
    return found[0]


def _asking(api: Any, what: str) -> AbstractContextManager[None]:
    return apply.errors(api.api_client.configuration.host, what)


def _wait(api: Any, name: str, namespace: str) -> None:
    def state() -> tuple[bool, str]:
        with _asking(api, f"reading the Deployment {namespace}/{name}"):
            return rolled_out(api.read_namespaced_deployment(name, namespace, **_PLAIN))

    waiting.until(
        state,
        lambda seen: seen[0],
        what=f"the rollout of {namespace}/{name} (updated, available and all pods)",
        within=ROLLOUT_SECONDS,
        every=0.2,
        hint=f"kubectl -n {namespace} rollout status deployment/{name}",
    )


def rolled_out(deployment: Any) -> tuple[bool, str]:
    """Tell whether a Deployment is what it is to be, and its counts of pods in words."""
    status, wanted = deployment.status, deployment.spec.replicas
    seen = (status.observed_generation or 0) >= (deployment.metadata.generation or 0)
    counts = (status.updated_replicas or 0, status.available_replicas or 0, status.replicas or 0)
    return seen and counts == (wanted, wanted, wanted), f"{counts} of {wanted}"
