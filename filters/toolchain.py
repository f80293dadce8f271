"""What a build asks of the tools of a language."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol


class ToolchainMissing(RuntimeError):
    """The tools of a language are not installed, or too old; the text says what to install."""


class Run(Protocol):
    """Runs one command of a build in its folder, tied to the life of this process."""

    def __call__(self, *command: str, folder: Path, environment: Mapping[str, str]) -> None:
        """Return when it ended well; raises BuildFailed with what it said otherwise.

        `environment` holds additions to the one of this process; they win over it.
        """


class Toolchain(Protocol):
    """The tools of one language, found on this machine."""

    @property
    def language(self) -> str:
        """Return the language as filter.toml names it, "go"."""

    @property
    def version(self) -> str:
        """Return what a table of tools shows, "go 1.26.8"."""

    @property
    def suffix(self) -> str:
        """Return how the names of its source files end, ".go"."""

    @property
    def recipe(self) -> tuple[str, ...]:
        """Return what a module depends on besides its files: versions, flags."""

    def beside(self, folder: Path) -> Mapping[str, Path]:
        """Return what a build reads beside the files in `folder`, the filter's own.

        The keys are where it is expected, relative to `folder`: "abi", "../../shared/go".
        """

    def compile(self, folder: Path, output: str, run: Run) -> None:
        """Make the file `output` in `folder`, where a copy of the filter's files lies."""


@cache
def program(name: str) -> str | None:
    """Return the path of a program on PATH or, from a PyPI package, beside this interpreter."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


@cache
def version(*command: str, **environment: str) -> str:
    """Return what a command that names its version says; raises ToolchainMissing where it fails."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainMissing(f"{' '.join(command)} does not work: {error}") from error
    return done.stdout.strip()
