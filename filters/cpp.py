"""C++ filters: built with zig, which comes as a Python package."""

import importlib.metadata
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from filters import cache
from filters.sources import HERE
from filters.toolchain import Run, ToolchainMissing

# Without the reactor model a module has only `_start`, and Envoy refuses it. C++ exceptions do not
# link for this target.
FLAGS = (
    *("-target", "wasm32-wasi", "-mexec-model=reactor", "-std=c++20", "-Os", "-s"),
    *("-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra"),
)
ABI = "abi"


@dataclass(frozen=True, slots=True)
class Zig:
    """The C++ compiler of zig."""

    version: str
    program: tuple[str, ...]
    flags: tuple[str, ...] = FLAGS
    language: str = "cpp"
    suffix: str = ".cc"

    @property
    def recipe(self) -> tuple[str, ...]:
        """Return version and flags."""
        return (self.version, *self.flags)

    def beside(self, folder: Path) -> dict[str, Path]:
        """Return the headers that every filter may include."""
        return {ABI: HERE / ABI}

    def compile(self, folder: Path, output: str, run: Run) -> None:
        """Compile every source file in `folder` into one module."""
        names = (path.relative_to(folder).as_posix() for path in folder.rglob(f"*{self.suffix}"))
        # zig keeps the libc++ that it has built; a folder of the user's own choice stays.
        kept = os.environ.get("ZIG_GLOBAL_CACHE_DIR") or str(cache.folder() / "zig")
        run(
            *(*self.program, *self.flags, "-I", ABI, "-o", output, *sorted(names)),
            folder=folder,
            environment={"ZIG_GLOBAL_CACHE_DIR": kept},
        )


def find() -> Zig:
    """Return the compiler; raises ToolchainMissing."""
    # The binary beside the package: `python -m ziglang` would start an interpreter for each build.
    package = importlib.util.find_spec("ziglang")
    if package is None or package.origin is None:
        raise ToolchainMissing(
            "C++ filters are built with zig, and the package ziglang is not installed\n"
            "Hint: uv sync"
        )
    return Zig(
        version=f"zig {importlib.metadata.version('ziglang')}",
        program=(str(Path(package.origin).with_name("zig")), "c++"),
    )
