"""Everything that is known about somebody else's cluster before anything is created in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import apply
from clusters.existing import access, address, api, contexts, neighbours, pods, versions
from clusters.existing.wanted import LABELS, ROOT_NAMESPACE, Wanted
from clusters.kube.forwarding import forwarding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.existing.api import Api
    from clusters.existing.contexts import Context
    from clusters.existing.pods import Pod
    from clusters.existing.versions import Versions
    from clusters.release import Release

ERRORS = (
    access.NotAllowed,
    address.NoAddress,
    address.NotAnswering,
    apply.KubeError,
    contexts.BadContext,
    neighbours.InUse,
    pods.NoSuchPods,
    versions.AnotherRelease,
    versions.NotTold,
)
"""What `look` raises besides release.UnknownRelease; each is one message for the user."""


class BadLabels(ValueError):
    """What --gateway-labels says is no list of labels."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found; `url_origin` tells how the address is known, `others` who else acts there."""

    context: Context
    release: Release
    versions: Versions
    kubernetes: str
    istiod: tuple[Pod, ...]
    gateway: tuple[Pod, ...]
    labels: Mapping[str, str]
    root_namespace: str
    run_namespace: str
    url: str
    url_origin: str
    relay_image: str
    others: tuple[str, ...]

    @property
    def gateway_id(self) -> str:
        """Return what tells the gateway from others of the cluster."""
        return _gateway_id(self.gateway[0].namespace, self.labels)

    @property
    def semantics(self) -> str:
        """Return whose rules decide what becomes of documents: "istiod 1.31.0"."""
        return f"istiod {', '.join(self.versions.istiod)}"

    @property
    def origin(self) -> str:
        """Return for the report where the cluster comes from."""
        return f"existing, context {self.context.name}, Kubernetes {self.kubernetes}"

    @property
    def header(self) -> list[str]:
        """Return lines that say what was found."""
        found = ", ".join(f"{pod.namespace}/{pod.name}" for pod in self.gateway)
        lines = [
            f"  {self.origin}, istiod {', '.join(pod.name for pod in self.istiod)} "
            f"({', '.join(self.versions.istiod)})",
            f"  gateway at {self.url} ({self.url_origin}): {found} "
            f"({', '.join(self.versions.proxies)}, envoy {', '.join(self.versions.envoys)})",
        ]
        if self.others:
            lines.append(f"  on the same gateway beside this run: {', '.join(self.others)}")
        return lines


def look(asked: str, wanted: Wanted) -> Survey:
    """Return what is there, for a release asked for ("latest" is the one that runs).

    Nothing is created or changed. Raises BadLabels, release.UnknownRelease and ERRORS.
    """
    labels = parsed(wanted.gateway_labels)
    context = contexts.find(wanted.context, wanted.kubeconfig)
    cluster = api.connect(context)
    try:
        return _look(cluster, context, labels, asked, wanted)
    finally:
        cluster.close()


def _look(
    cluster: Api, context: Context, labels: Mapping[str, str], asked: str, wanted: Wanted
) -> Survey:
    root = wanted.root_namespace
    namespace = wanted.gateway_namespace or root
    spaces = {access.RUN: wanted.run_namespace, access.GATEWAY: namespace, access.ROOT: root}
    if not wanted.run_namespace:
        spaces[access.NAMESPACES] = ""
    access.check(cluster, access.needed(spaces), context.name)
    neighbours.check(
        cluster,
        root,
        wanted.run_namespace,
        _gateway_id(namespace, labels),
        cleaning(context, root, wanted.run_namespace),
    )
    kubernetes = str(cluster.get("/version")["gitVersion"])
    gateway = pods.gateway(cluster, namespace, labels)
    istiod = pods.istiod(cluster, root)
    found = versions.read(forwarding(context.kubeconfig, context.name), istiod, gateway)
    release = versions.release(
        asked, found, context.name, allow_version_skew=wanted.allow_version_skew
    )
    url, origin = wanted.gateway_url.rstrip("/"), "--gateway-url"
    if not url:
        url, origin = address.find(cluster, gateway)
    address.check(url)
    return Survey(
        context=context,
        release=release,
        versions=found,
        kubernetes=kubernetes,
        istiod=istiod,
        gateway=gateway,
        labels=labels,
        root_namespace=root,
        run_namespace=wanted.run_namespace,
        url=url,
        url_origin=origin,
        relay_image=wanted.relay_image,
        others=neighbours.others(cluster, root, gateway[0]),
    )


def _gateway_id(namespace: str, labels: Mapping[str, str]) -> str:
    return f"{namespace}/{pods.selector(dict(sorted(labels.items())))}"


def cleaning(context: Context, root: str, run_namespace: str) -> str:
    """Return the arguments with which `clean` looks where a run was."""
    given = [f"--kube-context={context.name}", f"--kubeconfig={context.kubeconfig}"]
    given += [f"--root-namespace={root}"] * (root != ROOT_NAMESPACE)
    given += [f"--run-namespace={run_namespace}"] * bool(run_namespace)
    return " ".join(given)


def parsed(text: str) -> dict[str, str]:
    """Return labels given as "a=b,c=d"; raises BadLabels."""
    found = [each.strip().partition("=") for each in text.split(",")]
    if not all(key and sign and value for key, sign, value in found):
        raise BadLabels(
            f"--gateway-labels={text} is no list of labels\nHint: --gateway-labels={LABELS}"
        )
    return {key.strip(): value.strip() for key, _, value in found}
