"""Builds istiod and its agent with Go from the module istio.io/istio, pinned and once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from clusters import processes, waiting
from clusters.local.binaries import executables, golang, keeping, pins, store
from clusters.local.binaries.executables import AGENT, ISTIOD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clusters.local.binaries.golang import Go
    from clusters.local.binaries.pins import Pin
    from clusters.local.binaries.progress import Progress

SECONDS = 3600.0
POLL_SECONDS = 0.1
LAST_LINES = 15
VERSION = f"{pins.MODULE}/pkg/version.buildVersion"
PACKAGES = tuple(f"{pins.MODULE}/pilot/cmd/{name}" for name in (ISTIOD, AGENT))


class BuildFailed(RuntimeError):
    """Go did not build it; the text ends with what it said last."""


def build(pin: Pin, progress: Progress) -> tuple[store.Entry, bool]:
    """Return the entry of a pinned version, built unless it is in the cache, and whether it was.

    Raises GoMissing, BuildFailed, WrongBinary, cache.CacheUnwritable.
    """

    def fill(files: Path, work: Path) -> str:
        go = golang.find(pin.folder / "go.mod")
        progress.line(
            f"building istiod and pilot-agent {pin.version} with Go {go.version}: minutes "
            "the first time, seconds afterwards"
        )
        _compile(go, pin, files, work, progress.at)
        for role in (ISTIOD, AGENT):
            _check(files / role, role, pin)
        return f"built with Go {go.version} from {pins.MODULE} {pin.module}"

    return keeping.keep(keeping.Key(pin.version, store.BUILT), fill, tell=progress.line)


def _compile(go: Go, pin: Pin, files: Path, work: Path, at: Callable[[str], None]) -> None:
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(pin.folder / name, work / name)
    log = work / "go.log"
    process = processes.start(
        "go build",
        [
            *(go.program, "build", "-v", "-trimpath", "-buildvcs=false"),
            "-modcacherw",  # or the cache could not be removed like any other folder
            *("-ldflags", f"-s -w -X {VERSION}={pin.version}"),
            *("-o", f"{files}/"),
            *PACKAGES,
        ],
        log=log,
        folder=work,
        environment=golang.environment(work),
    )

    def ended() -> int | None:
        at(f"{len(log.read_bytes().splitlines())} packages")
        return process.ended()

    try:
        code = waiting.until(
            ended,
            lambda seen: seen is not None,
            what=f"go build of Istio {pin.version}",
            within=SECONDS,
            every=POLL_SECONDS,
        )
    finally:
        process.stop()
    if code != 0:
        raise BuildFailed(
            f"go build of {pins.MODULE} {pin.module} ended with {code}\n"
            f"last seen:\n{process.log_tail(LAST_LINES)}\n"
            "likely cause: no module proxy can be reached, or the disk is full\n"
            f"Hint: {go.program} env GOPROXY; {go.program} clean -cache frees the objects"
        )


def _check(path: Path, role: str, pin: Pin) -> None:
    said = executables.inspect(path, role).version
    if said != pin.version:
        raise executables.WrongBinary(
            f"{path.name}, built from {pins.MODULE} {pin.module}, says that it is {said} and not "
            f"{pin.version}\nHint: see pins.toml in {pin.folder.parent}"
        )
