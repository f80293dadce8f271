"""The Rust filters: their own unit tests pass, and what is built of them is the same everywhere."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from filters import build, cache, rust, rustc, sources
from filters.sources import HERE, Edit, Source
from filters.toolchain import ToolchainMissing

WORKSPACE = ("Cargo.toml", "Cargo.lock", "headers/rust", "basic_auth/rust", "shared/rust")


@pytest.fixture(scope="module")
def compiler():
    try:
        return rustc.find()
    except ToolchainMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def bundled(compiler):
    return build.build(sources.read(HERE / "headers/rust"))


@pytest.fixture(scope="module")
def copied(bundled, tmp_path_factory):
    """Copy the workspace, for builds with a cache of their own that has all that is downloaded."""
    home, folder = cache.folder(), tmp_path_factory.mktemp("elsewhere")
    for part in WORKSPACE:
        target = folder / "deeper" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (HERE / part).is_dir() else shutil.copyfile)(HERE / part, target)
    own = folder / "cache" / cache.NAME
    own.mkdir(parents=True)
    if (home / "rust").is_dir():  # the standard library takes a minute
        (own / "rust").symlink_to(home / "rust")
    kept = rust.driven(rustc.find())["CARGO_HOME"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARGO_HOME", kept)
        patch.setenv("XDG_CACHE_HOME", str(own.parent))
        patch.setenv("RUSTFLAGS", "-C opt-level=0")
        yield sources.read(folder / "deeper/headers/rust")


def test_the_unit_tests_of_the_rust_filters_pass(compiler):
    done = subprocess.run(
        [compiler.cargo, "test", "--quiet", "--locked", "--workspace", "--lib"],
        cwd=HERE,
        env={
            **os.environ,
            **rust.driven(compiler),
            "CARGO_TARGET_DIR": str(cache.folder() / "cargo/tests"),
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("test result: ok.") >= 3


def test_the_same_source_gives_the_same_module_wherever_it_lies(bundled, copied):
    again = build.build(copied)

    assert again.path != bundled.path
    assert again.sha256 == bundled.sha256
    assert str(Path.home()).encode() not in again.read()


def test_an_edit_of_what_is_shared_means_another_module(bundled, copied):
    edit = Edit("../../shared/rust/src/json.rs", 'a key for the second time"', 'a second key"')

    assert build.build(replace(copied, edits=(edit,))).sha256 != bundled.sha256


def test_a_mistake_in_rust_is_shown_with_its_line(compiler, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text("pub fn wrong() {\n    nonsense()\n}\n")
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "wrong"\nedition = "2021"\n')
    (tmp_path / "Cargo.lock").write_text(
        'version = 4\n\n[[package]]\nname = "wrong"\nversion = "0.0.0"\n'
    )

    with pytest.raises(build.BuildFailed, match=r"(?s)nonsense.*src/lib\.rs:2:5.*cargo build"):
        build.build(Source(tmp_path, "wrong", "any", "rust"))
