"""Everything that is known about somebody else's cluster before anything is created in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters import apply
from clusters.existing import access, address, api, contexts, pods, versions
from clusters.kube.forwarding import forwarding
from clusters.ownership import RUN_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clusters.existing.api import Api
    from clusters.existing.contexts import Context
    from clusters.existing.pods import Pod
    from clusters.existing.versions import Versions
    from clusters.release import Release

ROOT_NAMESPACE = "istio-system"
LABELS = "istio=ingressgateway"
_FILTERS = "/apis/networking.istio.io/v1alpha3/namespaces/{}/envoyfilters"
_PLUGINS = "/apis/extensions.istio.io/v1alpha1/namespaces/{}/wasmplugins"
_GATEWAYS = "/apis/networking.istio.io/v1beta1/gateways"
_THEIRS = f"!{RUN_LABEL}"

ERRORS = (
    access.NotAllowed,
    address.NoAddress,
    address.NotAnswering,
    apply.KubeError,
    contexts.BadContext,
    pods.NoSuchPods,
    versions.AnotherRelease,
    versions.NotTold,
)
"""What `look` raises besides release.UnknownRelease; each is one message for the user."""


class BadLabels(ValueError):
    """What --gateway-labels says is no list of labels."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which gateway of which cluster, as it was asked for.

    `gateway_url` is "" where the cluster itself is to tell it, `gateway_namespace` "" for the root
    namespace.
    """

    context: str | None
    kubeconfig: Path | None
    relay_image: str
    gateway_url: str = ""
    gateway_labels: str = LABELS
    gateway_namespace: str = ""
    root_namespace: str = ROOT_NAMESPACE
    allow_version_skew: bool = False


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
    url: str
    url_origin: str
    relay_image: str
    others: tuple[str, ...]

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
    spaces = {access.EVERYWHERE: "", access.GATEWAY: namespace, access.ROOT: root}
    access.check(cluster, access.needed(spaces), context.name)
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
        url=url,
        url_origin=origin,
        relay_image=wanted.relay_image,
        others=_others(cluster, root, gateway),
    )


def _others(cluster: Api, root: str, gateway: Sequence[Pod]) -> tuple[str, ...]:
    """Return what changes gateways here, and what is served by this one, beside runs of ours."""
    filters = [
        f"{kind} {root}/{one['metadata']['name']}"
        for kind, path in (("EnvoyFilter", _FILTERS), ("WasmPlugin", _PLUGINS))
        for one in cluster.items(path.format(root), labelSelector=_THEIRS)
    ]
    served = [
        f"Gateway {one['metadata']['namespace']}/{one['metadata']['name']} ({_hosts(one)})"
        for one in cluster.items(_GATEWAYS, labelSelector=_THEIRS)
        if (one["spec"].get("selector") or {}).items() <= gateway[0].labels.items()
    ]
    return (*filters, *served)


def _hosts(gateway: Mapping[str, Any]) -> str:
    found = [host for server in gateway["spec"].get("servers") or [] for host in server["hosts"]]
    return ", ".join(dict.fromkeys(found)) or "no hosts"


def parsed(text: str) -> dict[str, str]:
    """Return labels given as "a=b,c=d"; raises BadLabels."""
    found = [each.strip().partition("=") for each in text.split(",")]
    if not all(key and sign and value for key, sign, value in found):
        raise BadLabels(
            f"--gateway-labels={text} is no list of labels\nHint: --gateway-labels={LABELS}"
        )
    return {key.strip(): value.strip() for key, _, value in found}
