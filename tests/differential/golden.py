"""Answers of real istiod as they are kept: each as its differences from its subject's base."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.differential.differences import compact, expand
from tests.differential.sets import BASE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from tests.differential.answers import Answer
    from tests.differential.sets import DocumentSet

FOLDER = Path(__file__).parents[1] / "golden"
RECORDED = ("1.24.0", "1.31")
"""The releases whose answers are kept, as `--istio` takes them."""


def write(
    release: str, answers: Iterable[tuple[DocumentSet, Answer]], folder: Path = FOLDER
) -> None:
    """Keep answers beside those that are kept already, one file for each subject."""
    found: dict[str, dict[str, Any]] = {}
    for one, answer in answers:
        kept = found.setdefault(one.subject, _kept(release, one.subject, folder))
        base = {} if one.is_base else expand({}, kept.get(BASE, {}))
        kept[one.name.partition("/")[2]] = compact(base, answer)
    for subject, kept in found.items():
        _write(release, subject, kept, folder)


def _write(release: str, subject: str, kept: dict[str, Any], folder: Path) -> None:
    file = folder / release / f"{subject}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
    file.write_text(f"{text}\n")
    _subject.cache_clear()


def forget_others(release: str, known: Container[str], folder: Path = FOLDER) -> None:
    """Drop the answers to document sets that are not there any more."""
    for file in sorted((folder / release).glob("*.json")):
        kept = _kept(release, file.stem, folder)
        left = {name: one for name, one in kept.items() if f"{file.stem}/{name}" in known}
        if left != kept:
            _write(release, file.stem, left, folder)


def names(release: str, folder: Path = FOLDER) -> set[str]:
    """Return the names of the document sets whose answers are kept."""
    subjects = [file.stem for file in (folder / release).glob("*.json")]
    return {f"{one}/{name}" for one in subjects for name in _subject(release, one, folder)}


def read(release: str, one: DocumentSet, folder: Path = FOLDER) -> Answer:
    """Return the answer that a release gave to a document set; raises KeyError for none."""
    kept = _subject(release, one.subject, folder)
    base = {} if one.is_base else expand({}, kept.get(BASE, {}))
    answer: Answer = expand(base, kept[one.name.partition("/")[2]])
    return answer


@cache
def _subject(release: str, subject: str, folder: Path) -> dict[str, Any]:
    return _kept(release, subject, folder)


def _kept(release: str, subject: str, folder: Path) -> dict[str, Any]:
    file = folder / release / f"{subject}.json"
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return kept
