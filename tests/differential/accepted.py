"""Differences that are known and accepted, each for a reason; see accepted.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.differential.differences import Difference

FILE = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference that may be: in which sets, of which versions, at which place, and why.

    Every text on either side must hold `texts`, a regular expression.
    """

    sets: str
    version: str
    place: str
    reason: str
    texts: str = ""

    def covers(self, name: str, version: str, difference: Difference) -> bool:
        """Tell whether a difference of a set under a version is this one."""
        return (
            self.covers_set(name, version)
            and fnmatchcase(difference.place, self.place)
            and all(
                re.search(self.texts, text)
                for side in (difference.left, difference.right)
                for text in _texts(side)
            )
        )

    def covers_set(self, name: str, version: str) -> bool:
        """Tell whether it is about a set under a version at all."""
        return fnmatchcase(name, self.sets) and fnmatchcase(version, self.version)


def read(file: Path = FILE) -> tuple[Accepted, ...]:
    """Return what is accepted; raises KeyError for a line without a reason."""
    rows = tomllib.loads(file.read_text()).get("accepted", [])
    return tuple(
        Accepted(
            row["sets"],
            row.get("version", "*"),
            row["place"],
            row["reason"],
            row.get("texts", ""),
        )
        for row in rows
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def unexplained(
    name: str, version: str, found: Iterable[Difference], known: Iterable[Accepted]
) -> tuple[Difference, ...]:
    """Return the differences that nothing accepts."""
    known = tuple(known)
    return tuple(one for one in found if not any(each.covers(name, version, one) for each in known))
