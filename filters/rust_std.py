"""The Rust standard library for Wasm, built from its sources where nobody can download it."""

import shutil
from pathlib import Path

from filters import cache, rustc
from filters.rustc import Compiler
from filters.toolchain import Run

SECONDS = 600.0  # building it takes about 70 s on two cores

# Cargo can build a standard library only on the way to something else.
MANIFEST = """\
[package]
name = "nothing"
version = "0.0.0"
edition = "2021"

[profile.release]
opt-level = "s"
panic = "abort"
"""


def prepared(compiler: Compiler, environment: dict[str, str], run: Run) -> Path:
    """Return a sysroot with the standard library for Wasm, built once for each compiler.

    The sources are those that came with it: of any other version they do not compile.
    """
    home = compiler.built
    assert home is not None
    with cache.writing(home / "ready", SECONDS) as mark:
        if mark is not None:
            building = home / "build"
            # A killed run may have left one; the lock says that nobody works in it now.
            shutil.rmtree(building, ignore_errors=True)
            (building / "src").mkdir(parents=True)
            (building / "Cargo.toml").write_text(MANIFEST)
            (building / "src/lib.rs").write_text("#![no_std]\n")
            run(
                *(compiler.cargo, "build", "--quiet", "--release", "--target", compiler.target),
                *("-Z", "build-std=std,panic_abort"),
                folder=building,
                environment=environment
                | {
                    "RUSTC_BOOTSTRAP": "1",  # build-std is for nightly compilers otherwise
                    "CARGO_TARGET_DIR": str(building / "target"),
                    # Without bitcode a filter with `lto = true` does not link.
                    "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(
                        (
                            "-Cembed-bitcode=yes",
                            f"--remap-path-prefix={compiler.sources}=/rustc/library",
                            f"--remap-path-prefix={environment['CARGO_HOME']}=/cargo",
                        )
                    ),
                },
            )
            _install(building / "target" / compiler.target / "release/deps", home, compiler.target)
            shutil.rmtree(building)
            mark.write_text(compiler.version)
    return home


def _install(libraries: Path, sysroot: Path, target: str) -> None:
    folder = sysroot / "lib/rustlib" / target / "lib"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for library in libraries.glob("*.rlib"):
        if not library.name.startswith("libnothing-"):
            library.rename(folder / library.name)
    assert rustc.has_std(sysroot, target), f"no standard library came out in {libraries}"
