"""The requirement catalogue: one TOML table per id, read once and refused as a whole if wrong."""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import ValidationError

from reports.model import Requirement


class BadCatalogue(Exception):
    """The catalogue cannot be used; the text names the file and the key."""


class UnknownRequirement(LookupError):
    """An id or pattern that no requirement has; the text lists near matches."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Requirements by id, in the order of the file; empty where the file does not exist."""

    path: Path
    entries: Mapping[str, Requirement]

    def __contains__(self, requirement: str) -> bool:
        """Tell whether the id is in the catalogue."""
        return requirement in self.entries

    def __iter__(self) -> Iterator[Requirement]:
        """Return the requirements in the order of the file."""
        return iter(self.entries.values())

    def __getitem__(self, requirement: str) -> Requirement:
        """Return the requirement of an id, or raise UnknownRequirement."""
        if requirement not in self.entries:
            raise UnknownRequirement(self._unknown(requirement))
        return self.entries[requirement]

    def select(self, patterns: Iterable[str]) -> frozenset[str]:
        """Return the ids that any of the patterns (``AUTH-3``, ``AUTH-*``) names.

        Raises UnknownRequirement for a pattern that names none.
        """
        chosen: set[str] = set()
        for pattern in patterns:
            matches = {each for each in self.entries if fnmatchcase(each, pattern)}
            if not matches:
                raise UnknownRequirement(self._unknown(pattern))
            chosen |= matches
        return frozenset(chosen)

    def _unknown(self, requirement: str) -> str:
        if not self.entries:
            return f"unknown requirement {requirement!r}: there is no catalogue at {self.path}"
        near = difflib.get_close_matches(requirement.upper(), self.entries, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return (
            f"unknown requirement {requirement!r} among the {len(self.entries)}"
            f" of {self.path}{hint}"
        )


def load(path: Path) -> Catalogue:
    """Return the catalogue at ``path``; a missing file is an empty one.

    Raises BadCatalogue for anything that is not one table per id with the keys of Requirement.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Catalogue(path, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadCatalogue(f"cannot read the requirement catalogue {path}: {error}") from error
    return Catalogue(path, {key: _requirement(path, key, table) for key, table in tables.items()})


def _requirement(path: Path, key: str, table: object) -> Requirement:
    if not isinstance(table, dict):
        raise BadCatalogue(f"{path}: {key} must be a table, [{key}] with sentence, level, ...")
    if "id" in table:
        raise BadCatalogue(f"{path}: [{key}] id: the name of the table is the id")
    try:
        return Requirement.model_validate({"id": key, **table})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadCatalogue(f"{path}: [{key}] {where}: {first['msg']}") from error
