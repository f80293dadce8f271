"""Merge patches (RFC 7386) and JSON patches (RFC 6902), as pure functions."""

from __future__ import annotations

import copy
from typing import Any

from clusters.local.apiserver.statuses import ApiError


def merged(value: Any, patch: Any) -> Any:
    """Return a value with a merge patch applied: null removes, maps merge, the rest replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, wanted in patch.items():
        if wanted is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), wanted)
    return result


def patched(value: Any, operations: Any) -> Any:
    """Return a value with the operations of a JSON patch applied in order, all of them or none.

    Raises ApiError: 400 for a patch that is none, 422 where an operation does not fit the value.
    """
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise ApiError(400, "a JSON patch must be a list of operations")
    value = copy.deepcopy(value)
    for operation in operations:
        try:
            value = _operated(value, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ApiError(
                422, f"the server rejected our request: {operation} does not apply: {error!r}"
            ) from error
    return value


def _operated(value: Any, operation: dict[str, Any]) -> Any:
    name, path = operation["op"], _pointer(operation["path"])
    if name == "add":
        return _added(value, path, operation["value"])
    if name == "remove":
        return _removed(value, path)
    if name == "replace":
        _at(value, path)
        return (
            _added(_removed(value, path), path, operation["value"]) if path else operation["value"]
        )
    if name in ("move", "copy"):
        origin = _pointer(operation["from"])
        moved = copy.deepcopy(_at(value, origin))
        return _added(_removed(value, origin) if name == "move" else value, path, moved)
    if name == "test":
        if _at(value, path) != operation["value"]:
            raise ValueError(f"the value at {operation['path']} is another")
        return value
    raise ValueError(f"there is no operation {name!r}")


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise ValueError(f"{text!r} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value[_index(value, part)]
    return value


def _index(value: Any, part: str) -> Any:
    if not isinstance(value, list):
        return part
    if not part.isdigit() or int(part) >= len(value):
        raise IndexError(part)
    return int(part)


def _added(value: Any, path: list[str], new: Any) -> Any:
    if not path:
        return new
    parent, last = _at(value, path[:-1]), path[-1]
    if not isinstance(parent, list):
        parent[last] = new
    elif last == "-":
        parent.append(new)
    elif last.isdigit() and int(last) <= len(parent):
        parent.insert(int(last), new)
    else:
        raise IndexError(last)
    return value


def _removed(value: Any, path: list[str]) -> Any:
    parent = _at(value, path[:-1])
    del parent[_index(parent, path[-1])]
    return value
