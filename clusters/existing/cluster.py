"""A run in somebody else's cluster: a namespace of its own there, and a sign of life."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.existing import api, lease, leftovers, survey
from clusters.kube.target import Target
from clusters.ownership import FIELD_MANAGER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusters.existing.api import Api
    from clusters.existing.survey import Survey


@contextmanager
def target(found: Survey, tell: Callable[[str], None]) -> Iterator[Target]:
    """Give a run the gateway that was found, and a namespace, its own unless one was named.

    Raises apply.KubeError where that cannot be had. What cannot be removed is told, with the
    command that does it.
    """
    run = secrets.token_hex(4)
    namespace = found.run_namespace or f"{FIELD_MANAGER}-{run}"
    kubeconfig, context = found.context.kubeconfig, found.context.name
    with ExitStack() as stack:
        kube = apply.connect(kubeconfig, context=context, run=run)
        stack.callback(kube.close)
        cluster = api.connect(found.context)
        stack.callback(cluster.close)
        stack.callback(_end, cluster, run, found, tell)
        if not found.run_namespace:
            kube.apply(_namespace(namespace))
        # A client of its own: requests of two threads must not meet in one.
        signs = api.connect(found.context)
        stack.callback(signs.close)
        stack.enter_context(lease.kept(signs, namespace, run, gateway=found.gateway_id))
        yield Target(
            kubeconfig=kubeconfig,
            context=context,
            gateway_url=found.url,
            gateway_namespace=found.gateway[0].namespace,
            gateway_labels=found.labels,
            root_namespace=found.root_namespace,
            namespace=namespace,
            owned=False,
            relay_image=found.relay_image,
            origin=found.origin,
            run=run,
        )


def _namespace(name: str) -> dict[str, Any]:
    # No sidecar for the pods in it, whatever the mesh gives others.
    labels = {"istio-injection": "disabled"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _end(cluster: Api, run: str, found: Survey, tell: Callable[[str], None]) -> None:
    """Remove whatever this run left, if the place that ran there did not do so itself."""
    try:
        left = leftovers.find(cluster, found.root_namespace, found.run_namespace).runs.get(run)
        leftovers.remove(cluster, [one for one in left.things if one.mine] if left else [])
    except (apply.KubeError, waiting.TimedOut) as error:
        where = survey.cleaning(found.context, found.root_namespace, found.run_namespace)
        tell(
            f"what this run left in {found.context.name} could not be removed: {error}\n"
            f"Hint: python -m clusters clean {where} --run={run}\n"
        )
