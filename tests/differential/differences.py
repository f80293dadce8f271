"""Where two JSON values differ, field by field; and one value as its differences from another."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]


class _Missing:
    def __repr__(self) -> str:
        return "(nothing)"


MISSING = _Missing()
SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two values differ; `left` or `right` is MISSING where it has nothing."""

    path: Path
    left: Any
    right: Any

    @property
    def place(self) -> str:
        """Return the path as one line: "listeners > 0.0.0.0_8080 > filter_chains > 0"."""
        return SEPARATOR.join(map(str, self.path))


def differences(left: Any, right: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield every place at which two values differ; lists of other lengths differ as a whole."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            yield from differences(
                left.get(key, MISSING), right.get(key, MISSING), (*path, str(key))
            )
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differences(one, other, (*path, index))
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield Difference(path, left, right)


def compact(base: Any, value: Any) -> dict[str, Any]:
    """Return what makes `value` of `base`: `changed` values by place, and places `removed`."""
    found = list(differences(base, value))
    changed = {one.place: one.right for one in found if one.right is not MISSING}
    removed = [one.place for one in found if one.right is MISSING]
    return ({"changed": changed} if changed else {}) | ({"removed": removed} if removed else {})


def expand(base: Any, told: dict[str, Any]) -> Any:
    """Return the value that `compact` was given."""
    made = copy.deepcopy(base)
    for place, value in told.get("changed", {}).items():
        holder, key = _holder(made, place)
        holder[key] = copy.deepcopy(value)
    for place in told.get("removed", []):
        holder, key = _holder(made, place)
        del holder[key]
    return made


def _holder(value: Any, place: str) -> tuple[Any, Any]:
    *way, last = place.split(SEPARATOR)
    for step in way:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value, int(last) if isinstance(value, list) else last
