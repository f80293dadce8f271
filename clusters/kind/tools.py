"""The programs that make a cluster: paths given, else PATH, else the cache."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from clusters import programs
from clusters.kind import downloads
from clusters.kind.errors import ToolMissing, WrongTool
from clusters.local.binaries import pins

if TYPE_CHECKING:
    from clusters.release import Release

KIND, ISTIOCTL = "kind", "istioctl"
_KIND_VERSION = re.compile(r"kind v?(?:ersion )?v?(\d+\.\d+\.\d+\S*)")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, its version in its own words, and where it was found."""

    path: Path
    version: str
    origin: str


def find_kind(given: Path | None) -> Tool:
    """Return kind: the path given, else of PATH, else of the cache.

    Raises ToolMissing, WrongTool.
    """
    for path, origin in _candidates(KIND, given, "--kind-bin", downloads.kept(KIND)):
        return Tool(path, kind_version(path), origin)
    raise ToolMissing(
        "kind is not on this machine: --kind-bin is not given, there is none on PATH and none in "
        f"{downloads.root()}\nHint: python -m clusters kind fetch, or --kind-bin=PATH"
    )


def find_istioctl(release: Release, given: Path | None, *, allow_version_skew: bool) -> Tool:
    """Return istioctl of a release: the path given, else of PATH, else of the cache.

    Raises ToolMissing, or WrongTool for one of another release unless `allow_version_skew`.
    """
    asked = release.version if release.exact else release.name
    others = []
    kept = downloads.kept(ISTIOCTL, release.version)
    for path, origin in _candidates(ISTIOCTL, given, "--istioctl-bin", kept):
        version = istioctl_version(path)
        if allow_version_skew or pins.matches(release, version):
            return Tool(path, version, origin)
        others.append(f"{path} is of {version}")
    how = f"python -m clusters kind fetch --istio={asked}, or --istioctl-bin=PATH"
    if others:
        raise WrongTool(
            f"Istio {asked} was asked for, and {'; '.join(others)}\n"
            "likely cause: istioctl installs the release that it is of, and no other\n"
            f"Hint: {how}, or --allow-version-skew to install that one all the same"
        )
    raise ToolMissing(
        f"istioctl of Istio {asked} is not on this machine: --istioctl-bin is not given, there is "
        f"none on PATH and none in {downloads.root()}\nHint: {how}"
    )


def check_pytest_kind() -> None:
    """Raise ToolMissing unless the packages of the group `kind` are installed."""
    missing = [name for name in ("pytest_kind", "docker") if find_spec(name) is None]
    if missing:
        names = " and ".join(name.replace("_", "-") for name in missing)
        raise ToolMissing(
            f"--cluster=kind makes its cluster through pytest-kind and docker, and {names} "
            f"{'is' if len(missing) == 1 else 'are'} not installed\n"
            "likely cause: they are not part of the default install (pytest-kind is GPL-3)\n"
            "Hint: uv sync --inexact --group kind"
        )


def kind_version(path: Path) -> str:
    """Return the version of a kind, "0.33.0"; raises WrongTool."""
    said = _ask(path, KIND, "--version")
    if found := _KIND_VERSION.search(said):
        return found[1]
    raise _wrong(path, KIND, f"asked for its version it said {said[:200]!r}")


def istioctl_version(path: Path) -> str:
    """Return the release that an istioctl is of, "1.31.0"; raises WrongTool."""
    said = _ask(path, ISTIOCTL, "version", "--remote=false", "-o", "json")
    try:
        return str(json.loads(said)["clientVersion"]["version"])
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(path, ISTIOCTL, f"asked for its version it said {said[:200]!r}") from error


def _candidates(
    name: str, given: Path | None, option: str, kept: Path | None
) -> list[tuple[Path, str]]:
    if given is not None:
        return [(given.absolute(), f"{option}={given}")]
    found = []
    if on_path := shutil.which(name):
        found.append((Path(on_path), "PATH"))
    if kept is not None:
        found.append((kept, "the cache"))
    return found


def _ask(path: Path, name: str, *arguments: str) -> str:
    try:
        return programs.ask(path, *arguments)
    except programs.Useless as error:
        raise _wrong(path, name, str(error)) from error


def _wrong(path: Path, name: str, reason: str) -> WrongTool:
    return WrongTool(f"{path} is no {name} that runs here: {reason}\nHint: --{name}-bin=PATH")
