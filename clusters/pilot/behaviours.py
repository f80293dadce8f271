"""Every difference between Istio releases, asked for by name; nothing else compares versions."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.release import Release

Version = tuple[int, int, int]


class UnknownBehaviour(LookupError):
    """Code asked for a behaviour that behaviours.toml does not describe."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One difference between releases: what is so, from where that is known, and when.

    `since` and `until` hold the first patch of each release line in which it began or ended; the
    largest holds for every later line, and a line that is not named has not changed.
    `part` is the process that shows it: "istiod" or "pilot-agent".
    """

    name: str
    sentence: str
    source: str
    part: str
    since: tuple[Version, ...]
    until: tuple[Version, ...]

    def holds_in(self, version: Version) -> bool:
        """Tell whether a release version shows this behaviour."""
        begun = not self.since or _reached(self.since, version)
        return begun and not _reached(self.until, version)


class Behaviours:
    """What one release does: `"deprecated-filter-names-match" in Behaviours.of(release)`."""

    __slots__ = ("_at", "_held", "_version")

    def __init__(self, version: str) -> None:
        self._version = version
        self._at = _version(version)
        self._held = frozenset(name for name, one in known().items() if one.holds_in(self._at))

    @classmethod
    def of(cls, release: "Release") -> "Behaviours":
        """Return the behaviours of a release."""
        return _of_version(release.version)

    def __contains__(self, name: str) -> bool:
        """Tell whether the release shows a behaviour; raises UnknownBehaviour for a new name."""
        if name not in known():
            near = get_close_matches(name, known(), n=1)
            hint = f"Hint: did you mean {near[0]!r}?" if near else "Hint: describe it there"
            raise UnknownBehaviour(f"behaviours.toml knows no behaviour {name!r}. {hint}")
        return name in self._held

    def reach(self, first: str) -> bool:
        """Tell whether the release is a version or a later one: for tables of what came when."""
        return self._at >= _version(first)

    def __repr__(self) -> str:
        """Return the version these behaviours belong to."""
        return f"<Behaviours of Istio {self._version}>"


@cache
def known() -> Mapping[str, Behaviour]:
    """Return every behaviour that behaviours.toml describes, by name."""
    table = tomllib.loads(Path(__file__).with_name("behaviours.toml").read_text())
    return {name: _behaviour(name, row) for name, row in table.items()}


@cache
def _of_version(version: str) -> Behaviours:
    return Behaviours(version)


def _behaviour(name: str, row: dict[str, object]) -> Behaviour:
    since, until = (row.pop(edge, []) for edge in ("since", "until"))
    texts = {key: str(row.pop(key)) for key in ("sentence", "source")}
    part = str(row.pop("part", "istiod"))
    if row or not isinstance(since, list) or not isinstance(until, list):
        raise ValueError(f"behaviours.toml: {name} has fields that mean nothing: {sorted(row)}")
    return Behaviour(
        name=name,
        part=part,
        since=tuple(_version(one) for one in since),
        until=tuple(_version(one) for one in until),
        **texts,
    )


@cache
def _version(text: str) -> Version:
    major, minor, patch = (int(number) for number in text.split("."))
    return major, minor, patch


def _reached(firsts: tuple[Version, ...], version: Version) -> bool:
    if not firsts:
        return False
    if version >= max(firsts):
        return True
    return any(version[:2] == first[:2] and version >= first for first in firsts)
