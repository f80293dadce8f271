"""Takes istiod, its agent and Envoy out of the official images of a release, without Docker."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from clusters.local.binaries import executables, image, keeping, store
from clusters.local.binaries.blobs import Blobs
from clusters.local.binaries.executables import AGENT, ENVOY, ISTIOD, NAMES
from clusters.local.binaries.failures import FetchFailed
from clusters.local.binaries.layers import View
from clusters.local.binaries.registry import Repository
from clusters.pilot.oci_reference import InvalidReference, Reference

if TYPE_CHECKING:
    from pathlib import Path

    from clusters.local.binaries.progress import Progress
    from clusters.release import Release

PROGRAMS = {
    "pilot": {ISTIOD: "usr/local/bin/pilot-discovery"},
    "proxyv2": {ENVOY: "usr/local/bin/envoy", AGENT: "usr/local/bin/pilot-agent"},
}
#: Where proxyv2 keeps the templates of Envoy's bootstrap; which there are differs by release.
TEMPLATES = "var/lib/istio/envoy"


def fetch(release: Release, hub: str, progress: Progress) -> tuple[store.Entry, bool]:
    """Return the entry of a release's images from a hub, and whether they were fetched just now.

    Raises FetchFailed, WrongBinary, cache.CacheUnwritable. What a broken fetch downloaded is kept
    and not asked for again.
    """
    if sys.platform != "linux":
        raise FetchFailed(
            f"the images hold programs for Linux, and this is {sys.platform}\n"
            f"Hint: python -m clusters binaries build --istio={release.name}"
        )
    references = {name: _reference(f"{hub}/{name}:{release.version}", hub) for name in PROGRAMS}
    blobs = Blobs(store.blobs())

    def fill(files: Path, work: Path) -> str:
        # One at a time: images of different releases share layers.
        with keeping.alone(store.root() / ".blobs.lock", "another fetch", progress.line):
            found = [
                _image(references[name], programs, files, blobs, progress)
                for name, programs in PROGRAMS.items()
            ]
            for role in (ISTIOD, AGENT, ENVOY):
                _check(files / role, role, release.version, hub)
            # Only now: until here a second attempt would need them again.
            for layer in (layer for each in found for layer in each.layers):
                blobs.path(layer).unlink(missing_ok=True)
        names = " and ".join(f"{hub}/{name}:{release.version}" for name in PROGRAMS)
        return f"images {names} ({', '.join(each.digest[:19] for each in found)})"

    key = keeping.Key(release.version, store.IMAGES, hub)
    return keeping.keep(key, fill, tell=progress.line)


def _reference(text: str, hub: str) -> Reference:
    try:
        if "//" in hub:  # or the scheme of a URL would be taken for a host
            raise InvalidReference(hub)
        return Reference.parse(text)
    except InvalidReference as error:
        raise FetchFailed(
            f"--hub={hub} is not HOST/PATH as images are named, in lower case and without a "
            "scheme\nHint: --hub=docker.io/istio"
        ) from error


def _image(
    reference: Reference, programs: dict[str, str], files: Path, blobs: Blobs, progress: Progress
) -> image.Image:
    view = View(str(reference))
    with Repository(reference) as repository:
        found = image.find(repository)
        total = len(found.layers)
        # From the top: the programs lie there, and what is below is never downloaded.
        for number, layer in enumerate(reversed(found.layers), start=1):
            if all(view.find(path) for path in programs.values()):
                break
            said = f"{reference.repository}:{reference.tag} layer {number} of {total}"
            view.read(blobs.get(repository, layer, partial(_show, progress, said)))
            progress.line(f"{said} is here")
    for role, path in programs.items():
        _extract(view, path, files / role)
        (files / role).chmod(0o755)
    if ENVOY in programs:
        for name in view.inside(TEMPLATES):
            if name.endswith(".json") and name != store.RECORD:
                _extract(view, f"{TEMPLATES}/{name}", files / name)
    return found


def _show(progress: Progress, said: str, far: str) -> None:
    progress.at(f"{said}: {far}")


def _extract(view: View, path: str, target: Path) -> None:
    if (found := view.find(path)) is None:
        raise FetchFailed(
            f"{view.image} holds no {path}\nHint: --hub=HOST/PATH with images of Istio"
        )
    view.extract(found, target)


def _check(path: Path, role: str, version: str, hub: str) -> None:
    said = executables.inspect(path, role).version
    # Envoy has versions of its own.
    if role != ENVOY and said != version:
        raise executables.WrongBinary(
            f"the image of {hub} tagged {version} holds {NAMES[role]} {said}\n"
            "Hint: --hub=docker.io/istio"
        )
