"""Label and field selectors: which objects a list or a watch is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Selects = "Callable[[Mapping[str, Any]], bool]"

_SET = re.compile(r"(?P<key>\S+)\s+(?P<how>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL = re.compile(r"(?P<key>[^=!\s]+)\s*(?P<how>==|=|!=)\s*(?P<value>[^=!\s]*)")
_EXISTS = re.compile(r"(?P<how>!?)(?P<key>[A-Za-z0-9][-A-Za-z0-9_./]*)")
_TERMS = re.compile(r",(?![^(]*\))")


def labels(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether an object's labels match a selector such as `app=a,tier in (x, y),!old`.

    Raises ApiError (400) for a selector that cannot be read.
    """
    tests = [_label_test(term.strip()) for term in _TERMS.split(text) if text.strip()]

    def selects(thing: Mapping[str, Any]) -> bool:
        found = thing["metadata"].get("labels") or {}
        return all(test(found) for test in tests)

    return selects


def _label_test(term: str) -> Callable[[Mapping[str, str]], bool]:
    if match := _SET.fullmatch(term):
        key, wanted = match["key"], {one.strip() for one in match["values"].split(",")}
        if match["how"] == "in":
            return lambda found: found.get(key) in wanted
        return lambda found: found.get(key) not in wanted
    if match := _EQUAL.fullmatch(term):
        key, value = match["key"], match["value"]
        if match["how"] == "!=":
            return lambda found: found.get(key) != value
        return lambda found: found.get(key) == value
    if match := _EXISTS.fullmatch(term):
        key, absent = match["key"], bool(match["how"])
        return lambda found: (key in found) != absent
    raise ApiError(400, f"unable to parse requirement: {term!r} is no label selector")


def fields(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether an object's fields match a selector such as `metadata.name=a,type!=b`.

    Any scalar field may be named; raises ApiError (400) for a selector that cannot be read.
    """
    tests = [_field_test(term.strip()) for term in text.split(",") if text.strip()]

    def selects(thing: Mapping[str, Any]) -> bool:
        return all(test(thing) for test in tests)

    return selects


def _field_test(term: str) -> Callable[[Mapping[str, Any]], bool]:
    match = _EQUAL.fullmatch(term)
    if not match:
        raise ApiError(400, f"invalid field selector: {term!r}; can't understand it")
    path, value, unequal = match["key"].split("."), match["value"], match["how"] == "!="
    return lambda thing: (_scalar(thing, path) == value) != unequal


def _scalar(thing: Any, path: list[str]) -> str:
    for part in path:
        thing = thing.get(part) if isinstance(thing, dict) else None
    return "" if thing is None else str(thing)
