"""Deliberately wrong filters: the suites must catch every one of them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from filters import sources, toolchains
from filters.sources import HERE, Edit, InvalidSource, Source

TABLE = HERE / "mutants" / "mutants.toml"
KEYS = {"filter", "wrong", "file", "old", "new", "caught_by", "requirements"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: what is wrong, and which requirements are broken by it."""

    name: str
    wrong: str
    caught_by: str
    requirements: tuple[str, ...]
    source: Source


def known(table: Path = TABLE) -> tuple[Mutant, ...]:
    """Return every mutant, as ordered in the table.

    Raises sources.InvalidSource where an entry does not fit the real source any more.
    """
    originals = {source.label: source for source in sources.bundled()}
    entries = tomllib.loads(table.read_text("utf-8"))
    return tuple(_mutant(name, entry, originals) for name, entry in entries.items())


def find(name: str) -> Mutant:
    """Return the mutant of this name; raises InvalidSource, which lists the known ones."""
    mutants = {mutant.name: mutant for mutant in known()}
    if name not in mutants:
        raise InvalidSource(f"there is no mutant {name!r}; there are {', '.join(mutants)}")
    return mutants[name]


def _mutant(name: str, entry: dict[str, object], originals: dict[str, Source]) -> Mutant:
    if wrong_keys := entry.keys() ^ KEYS:
        raise InvalidSource(f"mutant {name}: missing or unknown: {', '.join(sorted(wrong_keys))}")
    original = originals.get(str(entry["filter"]))
    if original is None:
        raise InvalidSource(
            f"mutant {name}: there is no filter {entry['filter']!r}; "
            f"there are {', '.join(originals)}"
        )
    edit = Edit(file=str(entry["file"]), old=str(entry["old"]), new=str(entry["new"]))
    source = Source(
        folder=original.folder,
        name=name,
        contract=original.contract,
        language=original.language,
        edits=(edit,),
    )
    sources.tree(source, toolchains.find(source.language).beside(source.folder))
    requirements = entry["requirements"]
    assert isinstance(requirements, list)
    return Mutant(
        name=name,
        wrong=str(entry["wrong"]),
        caught_by=str(entry["caught_by"]),
        requirements=tuple(requirements),
        source=source,
    )
