"""Go filters built with TinyGo, where it is on PATH.

No package registry offers TinyGo, so this adapter is tested with a stand-in for the program only:
it has not built a module that a proxy has loaded.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from filters import cache, golang, toolchain
from filters.toolchain import Run, ToolchainMissing

OLDEST = (0, 34)  # the first with //go:wasmexport, which the SDK is written with
HINT = "Hint: brew install tinygo, or see https://tinygo.org/getting-started/install"

# As with Go, a module without c-shared has only `_start`, and Envoy refuses it.
FLAGS = ("-target=wasip1", "-buildmode=c-shared", "-no-debug", "-opt=z")


@dataclass(frozen=True, slots=True)
class TinyGo:
    """The TinyGo compiler on this machine."""

    program: str
    version: str
    language: str = "tinygo"
    suffix: str = ".go"

    @property
    def recipe(self) -> tuple[str, ...]:
        """Return version and flags."""
        return (self.version, *FLAGS)

    def beside(self, folder: Path) -> dict[str, Path]:
        """Return the modules that go.mod replaces by folders elsewhere."""
        return golang.replaced(folder)

    def compile(self, folder: Path, output: str, run: Run) -> None:
        """Build the main package in `folder`; downloaded modules are kept in the cache."""
        modules = os.environ.get("GOMODCACHE") or str(cache.folder() / "go" / "modules")
        run(
            *(self.program, "build", *FLAGS, "-o", output, "."),
            folder=folder,
            environment={"GOMODCACHE": modules, "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        )


def find() -> TinyGo:
    """Return the TinyGo toolchain; raises ToolchainMissing."""
    program = toolchain.program("tinygo")
    if program is None:
        raise ToolchainMissing(f"there is no tinygo on PATH\n{HINT}")
    said = toolchain.version(program, "version")
    found = re.search(r"version ((\d+)\.(\d+)\S*)", said)
    if found is None:
        raise ToolchainMissing(f"{program} does not tell its version but {said!r}\n{HINT}")
    if (int(found[2]), int(found[3])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ToolchainMissing(
            f"{program} is TinyGo {found[1]}; modules for a proxy need {oldest} or later\n{HINT}"
        )
    return TinyGo(program=program, version=f"tinygo {found[1]}")
