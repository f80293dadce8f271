"""Expectations per release, read from outcomes.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_TABLES = tomllib.loads(Path(__file__).with_name("outcomes.toml").read_text())


class NoExpectation(LookupError):
    """outcomes.toml says nothing about this release."""


def expected(table: str, version: str, **keys: str) -> dict[str, Any]:
    """Return the first row of a table that holds in a version such as 1.9.9 and for these keys.

    A row that does not have a key holds for every value of it.
    """
    for row in _TABLES[table]:
        begins, ends = row.get("since", "0.0.0"), row.get("until", "999.0.0")
        fits = all(row.get(key, value) == value for key, value in keys.items())
        if fits and _numbers(begins) <= _numbers(version) < _numbers(ends):
            return dict(row)
    raise NoExpectation(f"outcomes.toml has no row of [[{table}]] for {version} and {keys}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
