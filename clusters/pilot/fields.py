"""Which fields and values the API of a release has: what it does not know it does not read.

An API server prunes what the CRD of a release does not have, and warns; a value that the CRD does
not name it refuses.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from clusters.pilot.documents import dotted
from clusters.pilot.wasm.fields import KINDS, has_kind

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document
    from clusters.pilot.yamljson import Path

_POLICY = "<policy>"
_POLICIES = tuple(
    one
    for policy in ("trafficPolicy", "subsets[].trafficPolicy")
    for one in (policy, f"{policy}.portLevelSettings[]")
)
_EACH = "[]"
_STEP = re.compile(r"\[\]|[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a kind that came with a release, or whose values did.

    `since` is the release or the behaviour that it came with, "" for one that is as old as its
    kind; `read` the behaviour from which on istiod acts on it, "" where it always did. `values`
    are the releases of values that came later than those of `before`.
    """

    place: str
    steps: tuple[str, ...]
    since: str = ""
    read: str = ""
    before: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """Something in a document that a release does not read; `pruned` where its API lacks it."""

    path: "Path"
    pruned: bool

    @property
    def place(self) -> str:
        """Return where it stands: `spec.http[0].mirrors`."""
        return dotted(("spec", *self.path))

    @property
    def sentence(self) -> str:
        """Return what a cluster of the release says, or what it should say and does not."""
        if self.pruned:
            return f'unknown field "{self.place}"'
        return f'field "{self.place}" is in the API of this release, but istiod does not read it'


@cache
def known() -> Mapping[str, tuple[Field, ...]]:
    """Return every field that fields.toml dates, by kind."""
    table = tomllib.loads(File(__file__).with_name("fields.toml").read_text())
    return {
        kind: tuple(one for place, row in rows.items() for one in _fields(place, row))
        for kind, rows in table.items()
    }


def missing(document: "Document", behaviours: "Behaviours") -> tuple[Missing, ...]:
    """Return what a document gives and a release does not read, in the order of the table.

    A field set to null counts as not given. Nothing is told of a kind that the release lacks.
    """
    if document.kind in KINDS and not has_kind(document.kind, behaviours):
        return ()
    return tuple(
        Missing(path, pruned=lacks)
        for field in known().get(document.kind, ())
        if (lacks := _lacks(field.since, behaviours))
        or (field.read and _lacks(field.read, behaviours))
        for path, _ in _given(document.spec, field.steps, ())
    )


def refused_values(document: "Document", behaviours: "Behaviours") -> Iterator[str]:
    """Yield the API server's words for each value that the release does not have yet."""
    for field in known().get(document.kind, ()):
        later = [name for name, since in field.values if _lacks(since, behaviours)]
        if not later:
            continue
        has = (*field.before, *(name for name, _ in field.values if name not in later))
        supported = ", ".join(f'"{one}"' for one in has)
        for path, value in _given(document.spec, field.steps, ()):
            if value in later:
                place = dotted(("spec", *path))
                yield f'{place}: Unsupported value: "{value}": supported values: {supported}'


def as_stored(document: "Document", behaviours: "Behaviours") -> "Document":
    """Return a document without the fields that the API of a release lacks."""
    gone = [one.path for one in missing(document, behaviours) if one.pruned]
    return replace(document, spec=_without(document.spec, gone)) if gone else document


def _fields(place: str, row: Mapping[str, Any]) -> Iterator[Field]:
    places = [place]
    if place.startswith(_POLICY):
        places = [policy + place.removeprefix(_POLICY) for policy in _POLICIES]
    for one in places:
        yield Field(
            place=one,
            steps=tuple(_STEP.findall(one)),
            since=row.get("since") or row.get("behaviour") or "",
            read=row.get("read", ""),
            before=tuple(row.get("before", ())),
            values=tuple(row.get("values", {}).items()),
        )


def _lacks(since: str, behaviours: "Behaviours") -> bool:
    """Tell whether a release is before another, or lacks a behaviour."""
    if not since:
        return False
    return not behaviours.reach(since) if since[0].isdigit() else since not in behaviours


def _given(value: Any, steps: Sequence[str], path: "Path") -> Iterator[tuple["Path", Any]]:
    if not steps:
        if value is not None:
            yield path, value
    elif steps[0] == _EACH:
        for index, one in enumerate(value if isinstance(value, list) else ()):
            yield from _given(one, steps[1:], (*path, index))
    elif isinstance(value, Mapping):
        yield from _given(value.get(steps[0]), steps[1:], (*path, steps[0]))


def _without(value: Any, gone: Sequence["Path"]) -> Any:
    """Return a value without what stands at some places in it; what is kept is shared."""
    if not gone:
        return value
    inside: dict[Any, list[Path]] = {}
    for first, *rest in gone:
        inside.setdefault(first, []).append(tuple(rest))
    if isinstance(value, list):
        return [_without(one, inside.get(at, ())) for at, one in enumerate(value)]
    return {
        key: _without(one, inside.get(key, ()))
        for key, one in value.items()
        if () not in inside.get(key, ())
    }
