"""What a request's path names: a resource in one of its versions, a namespace, an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from clusters.local.apiserver.resources import NAMESPACES
from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusters.local.apiserver.resources import Resource

NOT_FOUND = "the server could not find the requested resource"


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about; "" stands for all namespaces, for a collection, for no part."""

    resource: Resource
    version: str
    namespace: str
    name: str
    subresource: str

    @property
    def api_version(self) -> str:
        """Return the apiVersion that answers carry."""
        return self.resource.api_version(self.version)


def parse(path: str, known: Iterable[Resource]) -> Target:
    """Return what a path is about; raises ApiError (404) where it names nothing that is known."""
    match [unquote(part) for part in path.strip("/").split("/")]:
        case ["api", version, *rest]:
            group = ""
        case ["apis", group, version, *rest] if group:
            pass
        case _:
            raise ApiError(404, NOT_FOUND)
    namespace = ""
    # `namespaces/NAME` and `namespaces/NAME/status` are about the namespace itself.
    if len(rest) > 2 and rest[0] == "namespaces" and rest[2] != "status":
        namespace, rest = rest[1], rest[2:]
        if not namespace:
            raise ApiError(404, NOT_FOUND)
    plural, name, subresource, *more = [*rest, "", "", ""]
    if any(more) or (subresource and not name) or subresource not in ("", "status"):
        raise ApiError(404, NOT_FOUND)
    for resource in known:
        if (resource.group, resource.plural) == (group, plural) and version in resource.versions:
            break
    else:
        raise ApiError(404, NOT_FOUND)
    if namespace and not resource.namespaced:
        raise ApiError(404, NOT_FOUND)
    if name and resource.namespaced and not namespace:
        raise ApiError(404, NOT_FOUND)
    if resource is NAMESPACES and subresource not in ("", "status"):
        raise ApiError(404, NOT_FOUND)
    return Target(resource, version, namespace, name, subresource)
