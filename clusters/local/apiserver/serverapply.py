"""Server-side apply: a manager's wish merged into an object, or the conflict with another's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver import ownedfields
from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.local.apiserver.ownedfields import Claim, Path

Clash = tuple["Claim", "Path"]


def applied(
    before: Mapping[str, Any], wish: Mapping[str, Any], by: Claim, *, force: bool
) -> tuple[dict[str, Any], tuple[Claim, ...]]:
    """Return the object after `by` applied its wish, and who owns what in it.

    What the manager applied earlier and no longer names goes, unless somebody else owns it too.
    Raises ApiError (409) naming every field that another manager owns with another value, unless
    forced: then those become the manager's own.
    """
    held = ownedfields.claims(before)
    wanted = ownedfields.leaves(wish)
    others = [claim for claim in held if claim.key != by.key]
    clashes = _clashes(others, wanted, ownedfields.leaves(before))
    if clashes and not force:
        raise _conflict(clashes)
    lost = {path for _, path in clashes}
    others = [replace(claim, paths=claim.paths - lost) for claim in others]
    own = next((claim.paths for claim in held if claim.key == by.key), frozenset())
    elsewhere = frozenset().union(*(claim.paths for claim in others))
    after = _merged(before, wish)
    for path in own - wanted.keys() - elsewhere:
        after = _without(after, path)
    kept = tuple(claim for claim in held if claim.key == by.key)
    return after, ownedfields.claimed((*others, *kept), by, lambda _: frozenset(wanted))


def _clashes(
    others: list[Claim], wanted: Mapping[Path, Any], present: Mapping[Path, Any]
) -> list[Clash]:
    return sorted(
        (
            (claim, path)
            for claim in others
            for path in claim.paths
            if _overwritten(path, wanted, present)
        ),
        key=lambda clash: (clash[0].manager, clash[1]),
    )


def _overwritten(path: Path, wanted: Mapping[Path, Any], present: Mapping[Path, Any]) -> bool:
    """Tell whether a wish changes an owned field, sets something above it, or nests below it."""
    if path in wanted:
        return path not in present or wanted[path] != present[path]
    above = any(path[:depth] in wanted and wanted[path[:depth]] != {} for depth in range(len(path)))
    nested = present.get(path) != {} and any(one[: len(path)] == path for one in wanted)
    return above or nested


def _conflict(clashes: list[Clash]) -> ApiError:
    count = len(clashes)
    lines = []
    for manager in dict.fromkeys(_named(claim) for claim, _ in clashes):
        lines.append(f"conflict{'s' if count > 1 else ''} with {manager}:")
        lines += [f"- {_dotted(path)}" for claim, path in clashes if _named(claim) == manager]
    told = "\n".join(lines) if count > 1 else " ".join(lines).replace(": - ", ": ")
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_named(claim)}",
            "field": _dotted(path),
        }
        for claim, path in clashes
    ]
    message = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: {told}"
    return ApiError(409, message, details={"causes": causes})


def _named(claim: Claim) -> str:
    subresource = f' with subresource "{claim.subresource}"' if claim.subresource else ""
    return f'"{claim.manager}"{subresource} using {claim.api_version}'


def _dotted(path: Path) -> str:
    return "".join(f".{part}" for part in path)


def _merged(base: Mapping[str, Any], wish: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in wish.items():
        present = merged.get(name)
        if isinstance(value, dict) and isinstance(present, dict):
            merged[name] = _merged(present, value)
        else:
            merged[name] = value
    return merged


def _without(thing: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the map without one field; a map below the top level that gets empty goes with it."""
    name, *below = path
    rest = {key: value for key, value in thing.items() if key != name}
    inner = thing.get(name)
    if not below or not isinstance(inner, dict):
        return rest
    left = _without(inner, tuple(below))
    return {**thing, name: left} if left else rest
