"""Rust filters: built by cargo as a library for Wasm."""

import importlib.metadata
import importlib.util
import os
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from filters import cache, rust_std, rustc, workspace
from filters.rustc import Compiler
from filters.sources import InvalidSource
from filters.toolchain import Run, ToolchainMissing

LOCK_SECONDS = 600.0
ZIG = "ziglang"
# Compilers of distributions come without a linker for Wasm; the one inside zig is the same.
ZIG_LINKER = """\
#!/bin/sh
[ "$1" = -flavor ] && shift 2
exec '{zig}' wasm-ld "$@"
"""


@dataclass(frozen=True, slots=True)
class Rust:
    """A Rust compiler on this machine, and the cargo that drives it."""

    compiler: Compiler
    language: str = "rust"
    suffix: str = ".rs"

    @property
    def version(self) -> str:
        """Return what a table of tools shows."""
        return f"rustc {self.compiler.release} ({self.compiler.target})"

    @property
    def recipe(self) -> tuple[str, ...]:
        """Return compiler, target and linker: all else stands in the manifests."""
        std = "its own" if self.compiler.built is None else "built here"
        linker = "its own" if self.compiler.linker else f"zig {importlib.metadata.version(ZIG)}"
        return (self.compiler.version, self.compiler.target, std, linker)

    def beside(self, folder: Path) -> dict[str, Path]:
        """Return the workspace that the crate belongs to, and the crates that it names by path."""
        home = folder.resolve()
        return {os.path.relpath(path, home): path for path in workspace.beside(home)}

    def compile(self, folder: Path, output: str, run: Run) -> None:
        """Build the crate in `folder`; what its dependencies give is kept in the cache."""
        home = cache.folder() / "cargo"
        target = self.compiler.target
        environment = driven(self.compiler) | {"CARGO_TARGET_DIR": str(home / "target")}
        # Nothing here may depend on `folder`, or each build would compile all dependencies again;
        # what cargo calls the files of a workspace is relative to it.
        flags = [f"--remap-path-prefix={environment['CARGO_HOME']}=/cargo"]
        if self.compiler.built is not None:
            flags.append(f"--sysroot={rust_std.prepared(self.compiler, environment, run)}")
        environment["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(flags)
        with _alone(home):
            if self.compiler.linker is None:
                variable = f"CARGO_TARGET_{target.upper().replace('-', '_')}_LINKER"
                environment[variable] = str(_linker(home))
            _touch(folder)
            run(
                *(self.compiler.cargo, "build", "--quiet", "--locked"),
                *("--release", "--target", target),
                folder=folder,
                environment=environment,
            )
            built = home / "target" / target / "release" / f"{workspace.library(folder)}.wasm"
            if not built.exists():
                raise InvalidSource(
                    f"cargo built {folder.name} and there is no {built.name}\n"
                    'Hint: its Cargo.toml needs [lib] with crate-type = ["cdylib"]'
                )
            shutil.move(built, folder / output)


def driven(compiler: Compiler) -> dict[str, str]:
    """Return what makes cargo use a compiler and keep what it downloads in the cache."""
    return {
        "RUSTC": compiler.program,
        "RUSTC_WRAPPER": "",  # a cache of somebody else's would not know of ours
        "CARGO_HOME": os.environ.get("CARGO_HOME") or str(cache.folder() / "cargo/home"),
        "CARGO_TERM_COLOR": "never",
    }


def find() -> Rust:
    """Return the Rust toolchain; raises ToolchainMissing."""
    return Rust(rustc.find())


def _alone(home: Path) -> AbstractContextManager[object]:
    """Return a lock on the kept results, also for what cargo makes of two crates of one name."""
    import filelock  # 20 ms that a run with a full cache does not pay

    home.mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(home / "target.lock", timeout=LOCK_SECONDS)


def _touch(crate: Path) -> None:
    """Make the copy of a crate and of what it needs newer than any earlier build.

    Cargo goes by time, and another source of the same name may have been built since the copy was
    made. What lies outside of the cache is no copy.
    """
    for place in (crate.resolve(), *workspace.beside(crate)):
        for path in (place, *place.rglob("*")):
            if path.is_file() and path.is_relative_to(cache.folder().resolve()):
                path.touch()


def _linker(home: Path) -> Path:
    package = importlib.util.find_spec(ZIG)
    if package is None or package.origin is None:
        raise ToolchainMissing(
            "this Rust compiler has no linker for Wasm; that of zig does, and the package ziglang "
            "is not installed\nHint: uv sync"
        )
    script = home / "wasm-ld"
    script.write_text(ZIG_LINKER.format(zig=Path(package.origin).with_name("zig")))
    script.chmod(0o755)
    return script
