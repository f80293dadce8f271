"""Which Rust compiler is taken, and what is said where none can build for Wasm."""

import pytest

from filters import rustc, toolchain
from filters.toolchain import ToolchainMissing

SAID = """\
rustc 1.96.0 (ac68faa20 2026-05-25)
commit-hash: ac68faa20c58
host: x86_64-unknown-linux-gnu
release: 1.96.0"""


class Sysroot:
    """A folder like that of a compiler."""

    def __init__(self, folder):
        self.folder = folder
        self.add("lib/rustlib/etc/.keep")
        self.script("rustc", f"cat <<'E'\n{SAID}\nE")
        self.script("cargo", "true")

    def add(self, name):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    def script(self, name, text):
        path = self.add(f"bin/{name}")
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def std(self, target):
        self.add(f"lib/rustlib/{target}/lib/libstd-1234.rlib")
        if target == "wasm32-wasip1":
            self.add(f"lib/rustlib/{target}/lib/self-contained/crt1-reactor.o")


@pytest.fixture(autouse=True)
def forgetful():
    def forget():
        for remembered in (rustc.find, rustc._sysroots, toolchain.version):
            remembered.cache_clear()

    forget()
    yield
    forget()


@pytest.fixture
def sysroot(tmp_path, monkeypatch):
    made = Sysroot(tmp_path / "rust")
    monkeypatch.setenv("RUSTC", str(made.folder / "bin/rustc"))
    return made


@pytest.mark.parametrize(
    ("installed", "taken"),
    [
        (["wasm32-wasip1"], "wasm32-wasip1"),
        (["wasm32-unknown-unknown"], "wasm32-unknown-unknown"),
        (["wasm32-unknown-unknown", "wasm32-wasip1"], "wasm32-wasip1"),
    ],
)
def test_an_installed_target_is_taken(sysroot, installed, taken):
    for target in installed:
        sysroot.std(target)

    found = rustc.find()

    assert (found.target, found.sources, found.built) == (taken, None, None)
    assert (found.release, found.commit) == ("1.96.0", "ac68faa20c58")
    assert found.program == str(sysroot.folder / "bin/rustc")
    assert found.cargo == str(sysroot.folder / "bin/cargo")


def test_a_wasi_target_without_its_c_library_is_not_taken(sysroot):
    sysroot.std("wasm32-unknown-unknown")
    sysroot.add("lib/rustlib/wasm32-wasip1/lib/libstd-1234.rlib")

    assert rustc.find().target == "wasm32-unknown-unknown"


def test_without_a_target_the_sources_of_the_library_do(sysroot):
    lock = sysroot.add("lib/rustlib/src/rust/library/Cargo.lock")

    found = rustc.find()

    assert (found.target, found.sources) == ("wasm32-unknown-unknown", lock.parent)
    assert found.built is not None


def test_an_installed_target_is_better_than_sources(sysroot):
    sysroot.add("lib/rustlib/src/rust/library/Cargo.lock")
    sysroot.std("wasm32-unknown-unknown")

    assert rustc.find().sources is None


def test_with_neither_the_error_says_what_to_install(sysroot):
    with pytest.raises(ToolchainMissing) as caught:
        rustc.find()

    assert str(sysroot.folder) in str(caught.value)
    assert "Hint: rustup target add wasm32-wasip1" in str(caught.value)


def test_without_a_compiler_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setenv("RUSTC", "/no/such/rustc")

    with pytest.raises(ToolchainMissing, match=r"no rustc on PATH\nHint: install Rust"):
        rustc.find()


def test_what_rustup_puts_on_the_path_leads_to_the_compiler_itself(sysroot, tmp_path, monkeypatch):
    sysroot.std("wasm32-wasip1")
    proxy = Sysroot(tmp_path / "other").script("rustc", f"echo {sysroot.folder}")
    (tmp_path / "other/lib/rustlib/etc/.keep").unlink()
    for folder in ("lib/rustlib/etc", "lib/rustlib", "lib"):
        (tmp_path / "other" / folder).rmdir()
    monkeypatch.setenv("RUSTC", str(proxy))

    assert rustc.find().sysroot == sysroot.folder


def test_a_compiler_may_come_without_a_linker(sysroot):
    sysroot.std("wasm32-wasip1")

    assert rustc.find().linker is None

    linker = sysroot.add("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld")
    assert rustc.find().linker == linker
