"""The discovery documents: which groups, versions and resources there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusters.local.apiserver.resources import Resource

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
KUBERNETES_VERSION = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}
"""A Kubernetes that every release which can be run this way accepts."""


def document(path: str, known: Sequence[Resource]) -> dict[str, Any] | None:
    """Return what `/version`, `/api`, `/apis` and below answer; None for a path of objects.

    Raises ApiError (404) for a group or version that is not served.
    """
    match path.strip("/").split("/"):
        case ["version"]:
            return KUBERNETES_VERSION
        case ["api"]:
            return {"kind": "APIVersions", "apiVersion": "v1", "versions": ["v1"]}
        case ["api", version]:
            return _resources("", version, known)
        case ["apis"]:
            groups = dict.fromkeys(one.group for one in known if one.group)
            return {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [_group(group, known) for group in groups],
            }
        case ["apis", group]:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, known)}
        case ["apis", group, version]:
            return _resources(group, version, known)
        case _:
            return None


def _group(group: str, known: Sequence[Resource]) -> dict[str, Any]:
    served = dict.fromkeys(
        version for one in known if one.group == group for version in one.versions
    )
    if not served or not group:
        raise ApiError(404, "the server could not find the requested resource")
    versions = [{"groupVersion": f"{group}/{one}", "version": one} for one in served]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resources(group: str, version: str, known: Sequence[Resource]) -> dict[str, Any]:
    served = [one for one in known if one.group == group and version in one.versions]
    if not served:
        raise ApiError(404, "the server could not find the requested resource")
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": [entry for one in served for entry in _entries(one)],
    }


def _entries(resource: Resource) -> list[dict[str, Any]]:
    entry = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": VERBS,
        "shortNames": list(resource.short_names),
    }
    status = entry | {"name": f"{resource.plural}/status", "verbs": ["get", "patch", "update"]}
    return [entry, status]
