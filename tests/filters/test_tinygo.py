"""The TinyGo adapter with a stand-in for the compiler: none is in reach of a test machine."""

import sys

import pytest

from filters import build, choice, sources, tinygo, toolchain
from filters.toolchain import ToolchainMissing
from tests.filters.handmade import module

STANDIN = """#!{python}
import sys
from pathlib import Path
if sys.argv[1] == "version":
    print("tinygo version {version} linux/amd64 (using go version go1.26.8 and LLVM version 19)")
else:
    Path("asked").write_text(" ".join(sys.argv[1:]))
    Path(sys.argv[sys.argv.index("-o") + 1]).write_bytes(bytes({body}))
"""
SOURCE = 'name = "tiny"\ncontract = "any"\nlanguage = "tinygo"\n'


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    def install(version="0.39.0"):
        program = tmp_path / "bin" / "tinygo"
        program.parent.mkdir(exist_ok=True)
        body = list(module())
        program.write_text(STANDIN.format(python=sys.executable, version=version, body=body))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        return program

    toolchain.program.cache_clear()
    toolchain.version.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield install
    toolchain.program.cache_clear()
    toolchain.version.cache_clear()


def test_without_it_the_error_says_where_to_get_it(compiler, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolchainMissing, match=r"(?s)no tinygo on PATH.*Hint: brew install tinygo"):
        tinygo.find()


@pytest.mark.parametrize("version", ["0.33.0", "0.9.0"])
def test_one_that_is_too_old_is_refused_with_both_versions(compiler, version):
    compiler(version)

    with pytest.raises(ToolchainMissing, match=f"is TinyGo {version}; .* need 0.34 or later"):
        tinygo.find()


def test_a_source_is_built_as_a_library_for_wasi(compiler, tmp_path):
    compiler()
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "filter.toml").write_text(SOURCE)
    (folder / "main.go").write_text("package main\n")

    built = build.build(sources.read(folder))

    assert (built.label, built.read()) == ("tiny tinygo", module())
    assert tinygo.find().version == "tinygo 0.39.0"
    assert "-buildmode=c-shared" in tinygo.find().recipe


def test_it_builds_the_bundled_go_filters_for_who_names_it():
    chosen = choice.bundled(languages=("tinygo",), contract=None).filters

    assert sorted(each.label for each in chosen) == ["basic-auth tinygo", "headers tinygo"]
    assert "tinygo" not in {
        each.language for each in choice.bundled(languages=(), contract=None).filters
    }
