"""Reading the body of a write: what it may be written in, and what it says."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import yaml

from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from clusters.local.apiserver.requests import Request

JSON, YAML = "application/json", "application/yaml"
APPLY = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
PATCHES = (APPLY, MERGE_PATCH, STRATEGIC, JSON_PATCH)


def read(request: Request, allowed: tuple[str, ...]) -> Any:
    """Return what a body says; raises ApiError: 415 for another media type, 400 for no JSON."""
    kind = request.content_type or (allowed[0] if len(allowed) == 1 else "")
    if kind not in allowed:
        raise ApiError(
            415,
            f"the body of the request was in an unknown format - accepted media types include: "
            f"{', '.join(allowed)}",
        )
    try:
        if kind not in (YAML, APPLY):
            return json.loads(request.body, parse_constant=_refused)
        with contextlib.suppress(ValueError):  # JSON is YAML too, and read ten times as fast
            return json.loads(request.body, parse_constant=_refused)
        return yaml.load(request.body, Loader=_Loader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ApiError(400, f"couldn't read the body as {kind}: {_line(error)}") from error


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML whose dates stay text, as in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, how) for tag, how in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
