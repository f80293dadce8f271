"""Answers of real agents as they are kept: a file for each subject, the cases in it by name."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.differential.golden import FOLDER as ALL

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from tests.differential.agent.playing import Answer

FOLDER = "agent"


def write(
    release: str, answers: Mapping[str, Answer], known: Container[str], within: Path = ALL
) -> None:
    """Keep answers beside those that are kept already; forget cases that nobody knows."""
    found = _all(release, within) | dict(answers)
    for subject in sorted({name.partition("/")[0] for name in found}):
        kept = {
            name.partition("/")[2]: answer
            for name, answer in found.items()
            if name.startswith(f"{subject}/") and name in known
        }
        file = within / release / FOLDER / f"{subject}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)}\n")
    _read.cache_clear()


def names(release: str, within: Path = ALL) -> set[str]:
    """Return the names of the cases whose answers are kept."""
    return set(_read(release, within))


def read(release: str, name: str, within: Path = ALL) -> Answer:
    """Return the answer that an agent of a release gave; raises KeyError for none."""
    answer: Answer = _read(release, within)[name]
    return answer


@cache
def _read(release: str, within: Path) -> dict[str, Any]:
    return _all(release, within)


def _all(release: str, within: Path) -> dict[str, Any]:
    return {
        f"{file.stem}/{name}": answer
        for file in sorted((within / release / FOLDER).glob("*.json"))
        for name, answer in json.loads(file.read_text()).items()
    }
