"""Document sets: YAML files of a subject, each shown on top of what the subject begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from clusters.pilot import yamljson

Thing = dict[str, Any]

FOLDER = Path(__file__).with_name("sets")
BASE = "base"
# No two objects of a cluster have the same age unless a set says so: istiod orders by it.
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """Objects that are pushed together; `name` is "subject/file", `shows` the sentence about it.

    `base` are the objects that the subject begins with, none of which the set repeats; `things`
    are all of them, each with a time of creation.
    """

    name: str
    shows: str
    base: tuple[Thing, ...]
    things: tuple[Thing, ...]

    @property
    def subject(self) -> str:
        """Return the folder it is in."""
        return self.name.partition("/")[0]

    @property
    def is_base(self) -> bool:
        """Tell whether it is what the others of its subject begin with."""
        return self.name.endswith(f"/{BASE}")


@cache
def known(folder: Path = FOLDER) -> dict[str, DocumentSet]:
    """Return every document set by name; the base of a subject comes before the rest of it."""
    files = sorted(folder.glob("*/*.yaml"), key=lambda file: (file.parent, file.stem != BASE, file))
    found = (_read(file) for file in files)
    return {one.name: one for one in found}


def _read(file: Path) -> DocumentSet:
    text = file.read_text()
    first = text.partition("\n")[0]
    if not first.startswith("# "):
        raise ValueError(f"{file}: the first line says what the set shows, after a #")
    base = _things(file.with_stem(BASE)) if file.stem != BASE else ()
    own = _things(file)
    replaced = {_key(one) for one in own}
    base = tuple(one for one in base if _key(one) not in replaced)
    return DocumentSet(
        name=f"{file.parent.name}/{file.stem}",
        shows=first.removeprefix("# "),
        base=base,
        things=tuple(_aged(one, age) for age, one in enumerate((*base, *own))),
    )


def _things(file: Path) -> tuple[Thing, ...]:
    return tuple(tree.value for tree in yamljson.load(file.read_text())) if file.exists() else ()


def _key(thing: Thing) -> tuple[str, str, str]:
    metadata = thing["metadata"]
    return thing["kind"], metadata.get("namespace", ""), metadata["name"]


def _aged(thing: Thing, age: int) -> Thing:
    created = (_FIRST + timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return thing | {"metadata": {"creationTimestamp": created} | thing["metadata"]}
