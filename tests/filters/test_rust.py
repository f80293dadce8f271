"""What is asked of cargo, and what becomes of its answer."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from filters import cache, rust_std
from filters.rust import Rust
from filters.rustc import Compiler
from filters.sources import InvalidSource

WASIP1, UNKNOWN = "wasm32-wasip1", "wasm32-unknown-unknown"
MANIFEST = '[package]\nname = "my-filter"\n[lib]\ncrate-type = ["cdylib"]\n'
SAID = "rustc 1.96.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0"


@dataclass
class Cargo:
    """Stands for `run`: notes what was asked, gives what cargo would."""

    library: str | None = "my_filter"
    fails: bool = False
    asked: list[tuple[tuple[str, ...], Path, dict[str, str]]] = field(default_factory=list)

    def __call__(self, *command, folder, environment):
        self.asked.append((command, folder, dict(environment)))
        if self.fails:
            raise RuntimeError("it does not compile")
        results = Path(environment["CARGO_TARGET_DIR"]) / command[command.index("--target") + 1]
        (results / "release/deps").mkdir(parents=True, exist_ok=True)
        if "-Z" in command:
            for name in ("std-1", "core-2", "nothing-3"):
                (results / f"release/deps/lib{name}.rlib").write_text(name)
        elif self.library is not None:
            body = (folder / "src/lib.rs").read_bytes()
            (results / f"release/{self.library}.wasm").write_bytes(body)

    def environment(self, number=-1):
        return self.asked[number][2]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CARGO_HOME", raising=False)
    return tmp_path / "cache" / cache.NAME


@pytest.fixture
def crate(home):
    folder = home / "modules/x.build"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(MANIFEST)
    (folder / "src/lib.rs").write_text("source")
    return folder


def compiler(tmp_path, *, target=WASIP1, sources=None, linker=True):
    lld = tmp_path / "rust/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"
    lld.parent.mkdir(parents=True, exist_ok=True)
    if linker:
        lld.touch()
    program, own = str(tmp_path / "rust/bin/rustc"), str(tmp_path / "rust/bin/cargo")
    return Compiler(program, own, tmp_path / "rust", target, SAID, sources)


def test_the_module_is_what_cargo_made(tmp_path, crate, home):
    cargo = Cargo()

    Rust(compiler(tmp_path)).compile(crate, "filter.wasm", cargo)

    assert (crate / "filter.wasm").read_text() == "source"
    ((command, folder, environment),) = cargo.asked
    assert command[1:] == ("build", "--quiet", "--locked", "--release", "--target", WASIP1)
    assert folder == crate
    assert environment["RUSTC"] == str(tmp_path / "rust/bin/rustc")
    assert environment["CARGO_HOME"] == str(home / "cargo/home")
    assert environment["CARGO_ENCODED_RUSTFLAGS"] == (
        f"--remap-path-prefix={home / 'cargo/home'}=/cargo"
    )
    assert not [name for name in environment if name.endswith("_LINKER")]


def test_where_crates_are_kept_is_the_users_choice(tmp_path, crate, monkeypatch):
    monkeypatch.setenv("CARGO_HOME", "/somewhere")
    cargo = Cargo()

    Rust(compiler(tmp_path)).compile(crate, "filter.wasm", cargo)

    assert cargo.environment()["CARGO_HOME"] == "/somewhere"
    assert "--remap-path-prefix=/somewhere=/cargo" in cargo.environment()["CARGO_ENCODED_RUSTFLAGS"]


def test_a_compiler_without_a_linker_gets_that_of_zig(tmp_path, crate):
    cargo = Cargo()

    Rust(compiler(tmp_path, linker=False)).compile(crate, "filter.wasm", cargo)

    script = Path(cargo.environment()["CARGO_TARGET_WASM32_WASIP1_LINKER"])
    assert "zig' wasm-ld" in script.read_text()
    assert script.stat().st_mode & 0o111


def test_what_is_needed_beside_a_crate_is_named_from_where_it_lies(tmp_path, crate):
    (crate / "parts/rust").mkdir(parents=True)
    (crate / "parts/rust/Cargo.toml").write_text(MANIFEST)
    (crate / "Cargo.toml").write_text('[workspace]\nmembers = ["*/*"]\n')

    found = Rust(compiler(tmp_path)).beside(crate / "parts/rust")

    assert found == {"../../Cargo.toml": crate / "Cargo.toml"}


def test_a_crate_that_gives_no_library_is_an_error_with_the_reason(tmp_path, crate):
    with pytest.raises(InvalidSource, match=r"there is no my_filter\.wasm\nHint: .*cdylib"):
        Rust(compiler(tmp_path)).compile(crate, "filter.wasm", Cargo(library=None))


def test_what_another_build_left_is_never_taken(tmp_path, crate):
    rust = Rust(compiler(tmp_path))
    rust.compile(crate, "filter.wasm", Cargo())

    with pytest.raises(InvalidSource):
        rust.compile(crate, "filter.wasm", Cargo(library=None))


def test_a_copy_is_newer_than_whatever_was_built_while_it_waited(tmp_path, crate):
    # Cargo would take a result for fresh that began to be made after these files were written.
    rust = Rust(compiler(tmp_path))
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Cargo):
        def __call__(self, *command, folder, environment):
            entered.set()
            assert go_on.wait(10)
            self.began = time.time_ns()
            super().__call__(*command, folder=folder, environment=environment)

    slow = Slow()
    first = threading.Thread(target=rust.compile, args=(crate, "filter.wasm", slow))
    first.start()
    assert entered.wait(10)
    other = crate.with_name("y.build")
    (other / "src").mkdir(parents=True)
    (other / "Cargo.toml").write_text(MANIFEST)
    (other / "src/lib.rs").write_text("other source")
    second = threading.Thread(target=rust.compile, args=(other, "filter.wasm", Cargo()))
    second.start()
    go_on.set()
    first.join()
    second.join()

    assert (other / "src/lib.rs").stat().st_mtime_ns >= slow.began
    assert (crate / "filter.wasm").read_text() == "source"
    assert (other / "filter.wasm").read_text() == "other source"


def test_files_that_are_no_copies_are_left_alone(tmp_path, crate, home):
    stray = home.parent.parent
    (stray / "Cargo.toml").write_text('[workspace]\nmembers = ["mine"]\n')
    (stray / "mine").mkdir()
    (stray / "mine/Cargo.toml").write_text(MANIFEST)
    before = (stray / "mine/Cargo.toml").stat().st_mtime_ns

    Rust(compiler(tmp_path)).compile(crate, "filter.wasm", Cargo())

    assert (stray / "mine/Cargo.toml").stat().st_mtime_ns == before


def test_a_standard_library_is_built_once_and_then_used(tmp_path, crate):
    cargo = Cargo()
    built_here = compiler(tmp_path, target=UNKNOWN, sources=tmp_path / "library")
    rust = Rust(built_here)

    rust.compile(crate, "filter.wasm", cargo)
    rust.compile(crate, "filter.wasm", cargo)

    assert ["-Z" in command for command, _, _ in cargo.asked] == [True, False, False]
    assert cargo.environment(0)["RUSTC_BOOTSTRAP"] == "1"
    assert f"={tmp_path / 'library'}=" in cargo.environment(0)["CARGO_ENCODED_RUSTFLAGS"]
    assert "RUSTC_BOOTSTRAP" not in cargo.environment()
    assert f"--sysroot={built_here.built}" in cargo.environment()["CARGO_ENCODED_RUSTFLAGS"]
    assert built_here.built is not None
    libraries = built_here.built / "lib/rustlib" / UNKNOWN / "lib"
    assert sorted(path.name for path in libraries.iterdir()) == ["libcore-2.rlib", "libstd-1.rlib"]
    assert not (built_here.built / "build").exists()


def test_a_standard_library_that_was_not_finished_is_begun_anew(tmp_path):
    half = compiler(tmp_path, target=UNKNOWN, sources=tmp_path / "library")
    environment = {"CARGO_HOME": "/home"}
    with pytest.raises(RuntimeError):
        rust_std.prepared(half, environment, Cargo(fails=True))
    again = Cargo()

    assert rust_std.prepared(half, environment, again) == half.built
    assert len(again.asked) == 1


def test_a_recipe_changes_with_whatever_changes_the_module(tmp_path):
    recipes = {
        Rust(compiler(tmp_path / str(number), **options)).recipe
        for number, options in enumerate(
            [
                {},
                {"target": UNKNOWN},
                {"target": UNKNOWN, "sources": tmp_path},
                {"linker": False},
            ]
        )
    }

    assert len(recipes) == 4
