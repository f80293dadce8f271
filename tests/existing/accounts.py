"""A service account with exactly the rights of the manifest, and what it is without one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from clusters import apply
from clusters.existing.access import MANIFEST, OWN_NAMESPACES

if TYPE_CHECKING:
    from pathlib import Path

    from clusters.existing.access import Right
    from clusters.existing.api import Api
    from clusters.existing.contexts import Context

RBAC = "/apis/rbac.authorization.k8s.io/v1"
PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}
#: The namespace of the account, where runs may be, and the account.
SPACE = NAME = "istio-wasm-conformance"


def documents() -> list[dict[str, Any]]:
    texts = (file.read_text() for file in (MANIFEST, OWN_NAMESPACES))
    return [one for text in texts for one in yaml.safe_load_all(text)]


def bindings_beyond_namespaces() -> list[dict[str, Any]]:
    return [one for one in documents() if one["kind"] == "ClusterRoleBinding"]


def collection(document: dict[str, Any]) -> str:
    base = RBAC if document["apiVersion"].startswith("rbac") else "/api/v1"
    space = document["metadata"].get("namespace")
    plural = PLURALS[document["kind"]]
    return f"{base}/namespaces/{space}/{plural}" if space else f"{base}/{plural}"


def create(admin: Api) -> None:
    for one in documents():
        admin.create(collection(one), one)


def remove(admin: Api) -> None:
    for one in reversed(documents()):
        path = f"{collection(one)}/{one['metadata']['name']}"
        try:
            admin.delete(path, uid=admin.get(path)["metadata"]["uid"])
        except apply.Refused as error:
            if error.code != 404:
                raise


def kubeconfig(admin: Api, context: Context, path: Path) -> Path:
    """Write a file whose one context is the account's."""
    token = admin.create(
        f"/api/v1/namespaces/{SPACE}/serviceaccounts/{NAME}/token",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        },
    )["status"]["token"]
    given = yaml.safe_load(context.kubeconfig.read_text())
    clusters = [one for one in given["clusters"] if one["cluster"]["server"] == admin.url]
    found = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "users": [{"name": "account", "user": {"token": token}}],
        "contexts": [
            {"name": "account", "context": {"cluster": clusters[0]["name"], "user": "account"}}
        ],
    }
    path.touch(0o600)
    path.write_text(yaml.safe_dump(found))
    return path


def without(rules: list[dict[str, Any]], right: Right) -> list[dict[str, Any]]:
    """Return the rules of a role with one verb on one resource missing."""
    return [
        {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if (group, resource, verb) != (right.group, right.resource, right.verb)
    ]
