"""The match of a VirtualService's HTTP route as Envoy's route match (istio.md section 2.5)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

StringMatch = Mapping[str, str] | None

_PSEUDO_HEADERS = (("method", ":method"), ("authority", ":authority"), ("scheme", ":scheme"))


def route_match(match: Mapping[str, Any] | None, behaviours: "Behaviours") -> dict[str, Any]:
    """Return Envoy's match for one entry of `match`, or for a route without any."""
    if match is None:
        return {"prefix": "/"}
    made = _path(match.get("uri"))
    made["case_sensitive"] = not match.get("ignoreUriCase", False)
    headers = [_header(name, one, behaviours) for name, one in (match.get("headers") or {}).items()]
    for name, one in (match.get("withoutHeaders") or {}).items():
        header = _header(name, one, behaviours) | {"invert_match": True}
        if "missing-headers-read-as-empty" in behaviours and _says_something(one):
            header["treat_missing_header_as_empty"] = True
        headers.append(header)
    headers.sort(key=lambda header: str(header["name"]))
    headers += [
        _header(name, match[field], behaviours)
        for field, name in _PSEUDO_HEADERS
        if match.get(field) is not None
    ]
    if headers:
        made["headers"] = headers
    if match.get("queryParams"):
        made["query_parameters"] = [_query(*one) for one in match["queryParams"].items()]
    return made


def string_match(match: Mapping[str, str]) -> dict[str, Any]:
    """Return Envoy's StringMatcher for exact, prefix or regex."""
    ((kind, value),) = match.items()
    return {"safe_regex": {"regex": value}} if kind == "regex" else {kind: value}


def catches_all(route: Mapping[str, Any]) -> bool:
    """Tell whether a route takes every request: prefix `/` or regex `.*` and nothing else."""
    match = route["match"]
    everything = match.get("prefix") == "/" or match.get("safe_regex") == {"regex": ".*"}
    return everything and not match.get("headers") and not match.get("query_parameters")


def written_path(match: Mapping[str, Any]) -> str:
    """Return the path of a match as Istio's decorators name it: `/static*`, `/login`."""
    if "prefix" in match:
        return f"{match['prefix']}*"
    return str(match["path"] if "path" in match else match["safe_regex"]["regex"])


def _path(uri: StringMatch) -> dict[str, Any]:
    if not _says_something(uri):
        return {"prefix": "/"}
    made = string_match(uri or {})
    return {"path": made["exact"]} if "exact" in made else made


def _says_something(match: StringMatch) -> bool:
    return bool(match) and match != {"regex": "*"}


def _header(name: str, match: StringMatch, behaviours: "Behaviours") -> dict[str, Any]:
    if not _says_something(match):
        return {"name": name, "present_match": True}
    made = string_match(match or {})
    if "header-matchers-use-string-match" in behaviours:
        return {"name": name, "string_match": made}
    return {"name": name} | {f"{kind}_match": value for kind, value in made.items()}


def _query(name: str, match: StringMatch) -> dict[str, Any]:
    if not _says_something(match):
        return {"name": name, "present_match": True}
    return {"name": name, "string_match": string_match(match or {})}
