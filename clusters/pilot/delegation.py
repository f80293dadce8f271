"""Routes that a VirtualService leaves to another one, put in their place as istiod does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clusters.pilot import hosts
from clusters.pilot.services import exported
from clusters.pilot.virtualservices import gateway_names

if TYPE_CHECKING:
    from clusters.pilot.documents import Document, Key

Match = Mapping[str, Any]

_INHERITED = (
    *("rewrite", "directResponse", "timeout", "retries", "fault", "mirror", "mirrorPercent"),
    *("mirrorPercentage", "corsPolicy", "mirrors", "headers"),
)
_WRITTEN_ONCE = ("uri", "scheme", "method", "authority")
_TABLES = ("headers", "withoutHeaders", "queryParams")


def put_together(documents: Iterable["Document"]) -> tuple["Document", ...]:
    """Return the VirtualServices that have hosts, each with what it leaves to those that have none.

    A route whose delegate is not there, or not exported to the one who names it, is left out, as is
    a route of the delegate with a match that is no part of one of the root's.
    """
    documents = [one for one in documents if one.kind == "VirtualService"]
    delegates = {(one.namespace, one.name): one for one in documents if not one.spec.get("hosts")}
    return tuple(_merged(one, delegates) for one in documents if one.spec.get("hosts"))


def changed(before: Iterable["Document"], after: Iterable["Document"]) -> set["Key"]:
    """Return which VirtualServices with hosts differ, what they leave to others taken in.

    These are what istiod tells of where it puts them together before it looks for changes.
    """
    old, new = ({one.key: one.spec for one in put_together(each)} for each in (before, after))
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _merged(root: "Document", delegates: Mapping[tuple[str, str], "Document"]) -> "Document":
    routes = root.spec.get("http") or []
    if all(one.get("delegate") is None for one in routes):
        return root
    made: list[Mapping[str, Any]] = []
    for route in routes:
        if route.get("delegate") is None:
            made.append(route)
            continue
        named = route["delegate"]
        key = named.get("namespace") or root.namespace, named.get("name") or ""
        delegate = delegates.get(key)
        if delegate and exported(
            delegate.spec.get("exportTo") or (), delegate.namespace, root.namespace
        ):
            made += _delegated(_resolved(route, root.namespace), delegate)
    return replace(root, spec=dict(root.spec) | {"http": made})


def _delegated(root: Mapping[str, Any], delegate: "Document") -> Iterator[dict[str, Any]]:
    for written in delegate.spec.get("http") or []:
        route = _resolved(written, delegate.namespace)
        matches = _matches(root.get("match") or [], route.get("match") or [])
        if matches is None:
            continue
        inherited = {
            field: root[field]
            for field in _INHERITED
            if route.get(field) is None and root.get(field) is not None
        }
        name = {"name": text} if (text := _name(root, route)) else {}
        yield route | inherited | name | ({"match": matches} if matches else {})


def _matches(root: list[Match], own: list[Match]) -> list[Match] | None:
    """Return the matches of both at once, None where one of the delegate's fits none."""
    if not root or not own:
        return own or root
    made: list[Match] = []
    for one in own:
        fitting = [_both(each, one) for each in root if not _conflict(each, one)]
        if not fitting:
            return None
        made += fitting
    return made


def _both(root: Match, own: Match) -> Match:
    made = {field: value for field, value in root.items() if field != "ignoreUriCase"}
    made |= {field: value for field, value in own.items() if value not in (None, "", 0, [])}
    for table in (*_TABLES, "sourceLabels"):
        if joined := dict(root.get(table) or {}) | dict(own.get(table) or {}):
            made[table] = joined
    if name := _name(root, own):
        made["name"] = name
    return made


def _conflict(root: Match, own: Match) -> bool:
    """Tell whether a match of the delegate is no part of the root's."""
    pairs = [(root.get(field), own.get(field)) for field in _WRITTEN_ONCE]
    for table in _TABLES:
        wanted = root.get(table) or {}
        pairs += [(wanted.get(name), value) for name, value in (own.get(table) or {}).items()]
    if any(_texts_conflict(ours, theirs) for ours, theirs in pairs):
        return True
    if bool(root.get("ignoreUriCase")) != bool(own.get("ignoreUriCase")):
        return True
    if root.get("port") and own.get("port") and root["port"] != own["port"]:
        return True
    if root.get("sourceNamespace") and root["sourceNamespace"] != own.get("sourceNamespace"):
        return True
    labels = root.get("sourceLabels") or {}
    more = own.get("sourceLabels") or {}
    if any(labels.get(name, value) != value for name, value in more.items()):
        return True
    theirs, ours = own.get("gateways") or [], root.get("gateways") or []
    return bool(theirs and ours) and (len(ours) < len(theirs) or not set(theirs) <= set(ours))


def _texts_conflict(root: Match | None, own: Match | None) -> bool:
    if root is None or own is None:
        return False
    if root.get("regex") or own.get("regex"):
        return True  # even where they are the same
    if root.get("exact"):
        return bool(own.get("prefix")) or own.get("exact") != root["exact"]
    written = own.get("prefix") or own.get("exact")
    return not (root.get("prefix") and written and written.startswith(root["prefix"]))


def _name(root: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    return "-".join(filter(None, (root.get("name"), own.get("name"))))


def _resolved(route: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """Return a route with every host and Gateway in full, as its own namespace reads it."""
    made = dict(route)
    if route.get("match"):
        made["match"] = [
            one | {"gateways": list(gateway_names(one["gateways"], namespace))}
            if one.get("gateways")
            else one
            for one in route["match"]
        ]
    for field in ("route", "mirrors"):
        if route.get(field):
            made[field] = [_full(one, namespace) for one in route[field]]
    if route.get("mirror"):
        made["mirror"] = _full({"destination": route["mirror"]}, namespace)["destination"]
    return made


def _full(holder: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    destination = holder.get("destination") or {}
    host = hosts.fully_qualified(destination.get("host") or "", namespace)
    return dict(holder) | {"destination": dict(destination) | {"host": host}}
