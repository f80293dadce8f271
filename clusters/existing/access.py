"""Whether a run may do what it must, asked of the API server before anything is created."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from clusters import apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clusters.existing.api import Api

MANIFEST = Path(__file__).with_name("rbac.yaml")
OWN_NAMESPACES = Path(__file__).with_name("rbac-own-namespaces.yaml")
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#: The roles of the manifests: to make namespaces, and what is needed inside of three of them.
NAMESPACES = "istio-wasm-conformance"
RUN = "istio-wasm-conformance-run"
GATEWAY = "istio-wasm-conformance-gateway"
ROOT = "istio-wasm-conformance-root"


class NotAllowed(PermissionError):
    """The account lacks rights; the text names each verb and resource."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource, in one namespace or, where that is empty, in all of them."""

    namespace: str
    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        """Return how `kubectl auth can-i` wants it: "list pods/log -n istio-system"."""
        resource, _, part = self.resource.partition("/")
        kind = f"{resource}.{self.group}" if self.group else resource
        name = f"{kind}/{part}" if part else kind
        return f"{self.verb} {name} " + (f"-n {self.namespace}" if self.namespace else "-A")


def needed(namespaces: Mapping[str, str]) -> tuple[Right, ...]:
    """Return the rights of some roles of the manifests, each in the namespace given by its name."""
    return tuple(
        Right(namespaces[role["metadata"]["name"]], group, resource, verb)
        for role in roles()
        if role["metadata"]["name"] in namespaces
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def roles() -> list[dict[str, Any]]:
    """Return the roles of the manifests."""
    texts = (file.read_text() for file in (MANIFEST, OWN_NAMESPACES))
    found = (one for text in texts for one in yaml.safe_load_all(text))
    return [one for one in found if one["kind"] in ("Role", "ClusterRole")]


def lacking(api: Api, rights: Iterable[Right]) -> list[Right]:
    """Return those rights that the account has not; raises apply.KubeError."""
    return sorted(right for right in set(rights) if not _granted(api, right))


def check(api: Api, rights: Iterable[Right], context: str) -> None:
    """Raise NotAllowed with every right that the account of a context lacks."""
    try:
        missing = lacking(api, rights)
    except apply.Refused as error:
        if error.code != 401:
            raise
        raise NotAllowed(
            f"the cluster of {context} does not know who asks ({error.code}): {error.words}\n"
            "likely cause: the token or certificate of the context has expired\n"
            f"Hint: kubectl --context={context} auth whoami"
        ) from error
    if missing:
        count = "1 right is" if len(missing) == 1 else f"{len(missing)} rights are"
        told = "".join(f"\n  {right}" for right in missing)
        raise NotAllowed(
            f"{count} missing in {context}; nothing was created:{told}\n"
            f"likely cause: the account has not the roles of clusters/existing/{MANIFEST.name}\n"
            f"Hint: kubectl --context={context} auth can-i {missing[0]}"
        )


def _granted(api: Api, right: Right) -> bool:
    resource, _, part = right.resource.partition("/")
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        "subresource": part,
        "namespace": right.namespace,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return bool(api.create(REVIEWS, review)["status"]["allowed"])
