"""Which field manager owns which fields of an object (metadata.managedFields, FieldsV1).

Maps are owned key by key and lists as a whole, which is how an API server treats the fields of
Istio's kinds. The lists that built-in kinds merge by key (a Service's ports) count as whole too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path = tuple[str, ...]

_TOP = ("apiVersion", "kind")
_METADATA = (
    "name",
    "namespace",
    "generateName",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "selfLink",
    "managedFields",
)
_NOBODYS = frozenset({*((name,) for name in _TOP), *(("metadata", name) for name in _METADATA)})


@dataclass(frozen=True, slots=True)
class Claim:
    """What one manager owns by one way of writing; `time` is when that last changed."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[Path]

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what no two claims on an object share."""
        return self.manager, self.operation, self.subresource


def leaves(thing: Mapping[str, Any], above: Path = ()) -> dict[Path, Any]:
    """Return the fields that can be owned: scalars, lists and empty maps, by path."""
    found: dict[Path, Any] = {}
    for name, value in thing.items():
        path = (*above, name)
        if path in _NOBODYS:
            continue
        if isinstance(value, dict) and value:
            found |= leaves(value, path)
        else:
            found[path] = value
    return found


def claims(thing: Mapping[str, Any]) -> tuple[Claim, ...]:
    """Return the claims that an object's managedFields tell of."""
    return tuple(
        Claim(
            manager=entry["manager"],
            operation=entry["operation"],
            api_version=entry["apiVersion"],
            subresource=entry.get("subresource", ""),
            time=entry["time"],
            paths=frozenset(_decoded(entry["fieldsV1"])),
        )
        for entry in thing["metadata"].get("managedFields", ())
    )


def _decoded(fields: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    for name, below in fields.items():
        path = (*above, name.removeprefix("f:"))
        if below:
            yield from _decoded(below, path)
        else:
            yield path


def managed_fields(held: Iterable[Claim]) -> list[dict[str, Any]]:
    """Return claims as an object's managedFields; those on nothing are left out."""
    return [
        {
            "manager": claim.manager,
            "operation": claim.operation,
            "apiVersion": claim.api_version,
            "time": claim.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": _encoded(claim.paths),
            **({"subresource": claim.subresource} if claim.subresource else {}),
        }
        for claim in held
        if claim.paths
    ]


def _encoded(paths: frozenset[Path]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for path in sorted(paths):
        below = fields
        for name in path:
            below = below.setdefault(f"f:{name}", {})
    return fields


def after_update(
    held: tuple[Claim, ...], by: Claim, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Claim, ...]:
    """Return the claims once `by` wrote `after` over `before`: what it changed is now its own."""
    old, new = leaves(before), leaves(after)
    changed = frozenset(path for path in new if path not in old or old[path] != new[path])
    lost = changed | (old.keys() - new.keys())
    kept = tuple(
        claim if claim.key == by.key else replace(claim, paths=claim.paths - lost) for claim in held
    )
    if not changed and not lost:
        return held
    return claimed(kept, by, lambda own: (own - lost) | changed)


def claimed(held: tuple[Claim, ...], by: Claim, paths: Any) -> tuple[Claim, ...]:
    """Return the claims with that of `by` set to what `paths` makes of its present paths."""
    present = next((claim for claim in held if claim.key == by.key), None)
    own = paths(present.paths if present else frozenset())
    if present and present.paths == own:
        return held
    others = tuple(claim for claim in held if claim.key != by.key)
    return (*others, replace(by, paths=own))
