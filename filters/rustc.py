"""The Rust compilers of this machine, and which of them can build for Wasm."""

import functools
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from filters import cache, toolchain
from filters.toolchain import ToolchainMissing

# What most people install comes first. A module for wasm32-unknown-unknown lacks a clock and
# standard output, which a filter asks of the proxy anyway.
TARGETS = ("wasm32-wasip1", "wasm32-unknown-unknown")
HINT = (
    "Hint: rustup target add wasm32-wasip1 (on Debian, where rustup is not at hand: "
    "apt-get install --no-install-recommends rustc-web rust-web-src)"
)


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler, for one target."""

    program: str
    cargo: str
    sysroot: Path
    target: str
    version: str  # all that `rustc -vV` says
    sources: Path | None = None  # of the standard library, where it is still to be built

    @property
    def release(self) -> str:
        """Return the version as people write it, "1.95.0"."""
        return _line(self.version, "release")

    @property
    def commit(self) -> str:
        """Return the revision that the compiler was built from."""
        return _line(self.version, "commit-hash")

    @property
    def linker(self) -> Path | None:
        """Return the linker that came with the compiler; distributions leave it out."""
        found = self.sysroot / "lib/rustlib" / _line(self.version, "host") / "bin/rust-lld"
        return found if found.exists() else None

    @property
    def built(self) -> Path | None:
        """Return where the standard library is, or is to be, that did not come with it."""
        if self.sources is None:
            return None
        said = "\0".join((self.version, self.target)).encode()
        return cache.folder() / "rust" / f"std-{hashlib.sha256(said).hexdigest()[:16]}"


@functools.cache
def find() -> Compiler:
    """Return the first compiler that has, or can be given, a standard library for Wasm.

    Raises ToolchainMissing.
    """
    sysroots = _sysroots()
    if not sysroots:
        raise ToolchainMissing(
            "Rust filters are built with rustc and cargo, and there is no rustc on PATH\n"
            "Hint: install Rust (https://rustup.rs), then: rustup target add wasm32-wasip1"
        )
    for sysroot in sysroots:
        for target in TARGETS:
            if has_std(sysroot, target):
                return _compiler(sysroot, target, None)
    for sysroot in sysroots:
        sources = sysroot / "lib/rustlib/src/rust/library"
        if (sources / "Cargo.lock").exists():
            return _compiler(sysroot, TARGETS[-1], sources)
    raise ToolchainMissing(
        f"Rust filters need the standard library for {' or '.join(TARGETS)}, and there is neither "
        f"it nor its sources in {' or '.join(map(str, sysroots))}\n{HINT}"
    )


def has_std(sysroot: Path, target: str) -> bool:
    """Return whether the standard library of a target is there."""
    folder = sysroot / "lib/rustlib" / target / "lib"
    if "wasi" in target and not (folder / "self-contained").is_dir():
        return False  # a C library of somebody else's, perhaps
    return any(folder.glob("libstd-*.rlib"))


@functools.cache
def _sysroots() -> tuple[Path, ...]:
    """Return the folders of the compilers there are, the user's choice first.

    Beside that of rustup there may be one of the distribution, with other targets.
    """
    chosen = os.environ.get("RUSTC")
    found = (shutil.which(name) for name in ([chosen] if chosen else ["rustc", "/usr/bin/rustc"]))
    return tuple(dict.fromkeys(_sysroot(path) for path in found if path))


def _sysroot(program: str) -> Path:
    """Return where a compiler lives; what rustup puts on PATH only stands for one."""
    beside = Path(program).resolve().parent.parent
    if (beside / "lib/rustlib").is_dir():
        return beside
    return Path(toolchain.version(program, "--print", "sysroot"))


def _compiler(sysroot: Path, target: str, sources: Path | None) -> Compiler:
    program = str(sysroot / "bin/rustc")
    return Compiler(
        program=program,
        cargo=_cargo(sysroot),
        sysroot=sysroot,
        target=target,
        version=toolchain.version(program, "-vV"),
        sources=sources,
    )


def _cargo(sysroot: Path) -> str:
    beside = [folder / "bin/cargo" for folder in (sysroot, *_sysroots())]
    found = next((str(path) for path in beside if path.exists()), None) or shutil.which("cargo")
    if found is None:
        raise ToolchainMissing(
            "Rust filters are built with cargo, and there is none on PATH\n"
            "Hint: install Rust (https://rustup.rs), on Debian also: apt-get install cargo-web"
        )
    return found


def _line(version: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)$", version, re.MULTILINE)
    return found[1] if found else "unknown"
