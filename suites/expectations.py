"""Expectations per release, read from TOML tables beside the checks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class NoExpectation(LookupError):
    """The tables say nothing about this release."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """The tables of some files; `expected(table, version, **keys)` returns a row."""

    name: str
    tables: Mapping[str, Sequence[Mapping[str, Any]]]

    @classmethod
    def read(cls, *paths: Path) -> Expectations:
        """Return the tables of files; of two tables with one name the later file's counts."""
        tables: dict[str, Any] = {}
        for path in paths:
            tables |= tomllib.loads(path.read_text())
        return cls(" and ".join(path.name for path in paths), tables)

    def __call__(self, table: str, version: str, **keys: str) -> dict[str, Any]:
        """Return the first row of a table that holds in a version such as 1.9.9 and for these keys.

        A row that does not have a key holds for every value of it. Raises NoExpectation.
        """
        for row in self.tables[table]:
            begins, ends = row.get("since", "0.0.0"), row.get("until", "999.0.0")
            fits = all(row.get(key, value) == value for key, value in keys.items())
            if fits and _numbers(begins) <= _numbers(version) < _numbers(ends):
                return dict(row)
        raise NoExpectation(f"{self.name} has no row of [[{table}]] for {version} and {keys}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
