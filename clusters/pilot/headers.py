"""Header operations of a VirtualService as Envoy's header mutations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Operations:
    """What is added to and removed from requests and responses, and the authority asked for."""

    request_add: tuple[dict[str, Any], ...] = ()
    request_remove: tuple[str, ...] = ()
    response_add: tuple[dict[str, Any], ...] = ()
    response_remove: tuple[str, ...] = ()
    authority: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the fields of Envoy's Route or ClusterWeight, those that are empty left out."""
        made = {
            "request_headers_to_add": list(self.request_add),
            "request_headers_to_remove": list(self.request_remove),
            "response_headers_to_add": list(self.response_add),
            "response_headers_to_remove": list(self.response_remove),
        }
        return {name: value for name, value in made.items() if value}

    def followed_by(self, other: "Operations") -> "Operations":
        """Return these operations and then another's; the authority stays."""
        return Operations(
            request_add=self.request_add + other.request_add,
            request_remove=self.request_remove + other.request_remove,
            response_add=self.response_add + other.response_add,
            response_remove=self.response_remove + other.response_remove,
            authority=self.authority,
        )


def operations(headers: Mapping[str, Any] | None) -> Operations:
    """Return the operations of a `headers` block; `set` goes before `add`, each by name."""
    request = (headers or {}).get("request") or {}
    response = (headers or {}).get("response") or {}
    return Operations(
        request_add=_added(request),
        request_remove=_removed(request),
        response_add=_added(response),
        response_remove=_removed(response),
        authority=_authority(request.get("set")) or _authority(request.get("add")),
    )


def _added(side: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    overwritten = (
        {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for header in _headers(side.get("set"))
    )
    appended = ({"header": header} for header in _headers(side.get("add")))
    return (*overwritten, *appended)


def _headers(named: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [
        {"key": name, "value": value}
        for name, value in sorted((named or {}).items())
        if not _internal(name)
    ]


def _removed(side: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in side.get("remove") or [] if not _internal(name))


def _authority(named: Mapping[str, str] | None) -> str:
    found = [
        value for name, value in (named or {}).items() if name.lower() in ("host", ":authority")
    ]
    return found[-1] if found else ""


def _internal(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"
