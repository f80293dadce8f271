"""The Istio releases this project knows, and how one is asked for on the command line."""

import re
import tomllib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

LATEST = "latest"
_VERSION = re.compile(r"([0-9]+\.[0-9]+)(\.[0-9]+)?")


class UnknownRelease(ValueError):
    """No such release is known; the message lists the known ones and the nearest."""


@dataclass(frozen=True, slots=True)
class Release:
    """One Istio release: its minor ("1.9"), the exact version ("1.9.9"), and what goes with it.

    `kubernetes` is a range "first-last"; `released` and `eol` are dates as Istio publishes them,
    an `eol` in the future ends in "(expected)". `exact` tells that the patch was asked for.
    """

    name: str
    version: str
    envoy: str
    kubernetes: str
    released: str
    eol: str
    exact: bool = False

    def __str__(self) -> str:
        """Return the minor, which is how people name a release."""
        return self.name


def find(text: str) -> Release:
    """Return the release for "1.9" (its newest known patch), "1.9.0" (exactly that) or "latest".

    Raises UnknownRelease.
    """
    if text == LATEST:
        return KNOWN[-1]
    asked = _VERSION.fullmatch(text)
    minor, patch = asked.groups() if asked else (None, None)
    for release in KNOWN:
        if release.name == minor and not (patch and _never_released(release, text)):
            return replace(release, version=text, exact=True) if patch else release
    raise UnknownRelease(_explain(text))


def _never_released(release: Release, version: str) -> bool:
    """Tell whether a patch lies beyond the last one of a release line that has ended."""
    asked, last = (int(text.rpartition(".")[2]) for text in (version, release.version))
    return asked > last and not release.eol.endswith("(expected)")


def _explain(text: str) -> str:
    names = [release.name for release in KNOWN]
    near = get_close_matches(text, [*names, LATEST], n=1)
    hint = near[0] if near else LATEST
    return (
        f"unknown Istio release {text!r}; known are {', '.join(names)}, each also with a patch "
        f"such as {KNOWN[0].version}, and {LATEST}. Hint: --istio={hint}"
    )


def _load() -> tuple[Release, ...]:
    table = tomllib.loads(Path(__file__).with_name("releases.toml").read_text())
    rows = (
        Release(
            name=name,
            version=row["patch"],
            envoy=row["envoy"],
            kubernetes=row["kubernetes"],
            released=row["released"],
            eol=row["eol"],
        )
        for name, row in table.items()
    )
    return tuple(rows)


KNOWN: tuple[Release, ...] = _load()
"""Every known release, oldest first, as the table in releases.toml lists them."""
