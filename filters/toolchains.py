"""The compilers that turn sources into modules."""

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from filters.sources import HERE

# Without the reactor model a module has only `_start`, and Envoy refuses it. C++ exceptions do not
# link for this target.
CPP_FLAGS = (
    *("-target", "wasm32-wasi", "-mexec-model=reactor", "-std=c++20", "-Os", "-s"),
    *("-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra"),
)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """How one language is built; `version` is part of what a build depends on."""

    language: str
    version: str
    program: tuple[str, ...]
    flags: tuple[str, ...]
    suffix: str
    shared: Path | None = None

    def arguments(self, files: list[str], output: str) -> tuple[str, ...]:
        """Return what follows the program's name; paths are relative to the build folder."""
        units = [name for name in files if name.endswith(self.suffix)]
        include = ("-I", self.shared.name) if self.shared else ()
        return (*self.flags, *include, "-o", output, *units)


class ToolchainMissing(RuntimeError):
    """The compiler of a language is not installed."""


class UnknownLanguage(ValueError):
    """Nothing here builds this language."""


LANGUAGES = ("cpp",)


def find(language: str) -> Toolchain:
    """Return the toolchain of a language; raises ToolchainMissing with what to install."""
    if language not in LANGUAGES:
        raise UnknownLanguage(
            f"nothing here builds {language!r}; built are {', '.join(LANGUAGES)}. "
            "A module built elsewhere is given as --filter=FILE.wasm --contract=NAME"
        )
    # The binary beside the package: `python -m ziglang` would start an interpreter for each build.
    package = importlib.util.find_spec("ziglang")
    if package is None or package.origin is None:
        raise ToolchainMissing(
            "C++ filters are built with zig, and the package ziglang is not installed\n"
            "Hint: uv sync"
        )
    version = importlib.metadata.version("ziglang")
    return Toolchain(
        language="cpp",
        version=f"zig {version}",
        program=(str(Path(package.origin).with_name("zig")), "c++"),
        flags=CPP_FLAGS,
        suffix=".cc",
        shared=HERE / "abi",
    )
