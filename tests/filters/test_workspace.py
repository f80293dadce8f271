"""Which folders a build of a Rust crate reads, as cargo sees it."""

import pytest

from filters import workspace

CRATE = '[package]\nname = "{}"\n'


def written(root, files):
    for name, text in files.items():
        path = root / name / "Cargo.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root.resolve()


def needs(name, path):
    return f'{CRATE.format(name)}[dependencies]\n{path.split("/")[-1]} = {{ path = "{path}" }}\n'


@pytest.fixture
def home(tmp_path):
    return written(
        tmp_path,
        {
            ".": '[workspace]\nmembers = ["*/rust"]\nexclude = ["old/rust"]\n',
            "a/rust": CRATE.format("a"),
            "b/rust": CRATE.format("b-c"),
            "old/rust": CRATE.format("old"),
            "c/cpp": CRATE.format("c"),
        },
    )


def beside(home, crate):
    return [path.relative_to(home).as_posix() for path in workspace.beside(home / crate)]


def test_a_crate_of_its_own_needs_nothing_else(tmp_path):
    home = written(tmp_path, {"a": CRATE.format("a")})

    assert workspace.root(home / "a") == home / "a"
    assert beside(home, "a") == []


def test_a_workspace_is_needed_with_its_lock_file_and_all_of_its_members(home):
    (home / "Cargo.lock").touch()

    assert workspace.root(home / "a/rust") == home
    assert beside(home, "a/rust") == ["Cargo.lock", "Cargo.toml", "b/rust"]


def test_a_crate_that_a_workspace_excludes_is_of_its_own(home):
    assert workspace.root(home / "old/rust") == home / "old/rust"
    assert beside(home, "old/rust") == []


def test_a_crate_may_name_its_workspace(tmp_path):
    home = written(
        tmp_path,
        {"x": '[workspace]\nmembers = ["../a"]\n', "a": f'{CRATE.format("a")}workspace = "../x"\n'},
    )

    assert workspace.root(home / "a") == home / "x"
    assert beside(home, "a") == ["x/Cargo.toml"]


def test_a_crate_that_is_a_workspace_holds_its_members(tmp_path):
    home = written(
        tmp_path,
        {
            "a": f'{CRATE.format("a")}[workspace]\nmembers = ["parts/*"]\n',
            "a/parts/b": CRATE.format("b"),
        },
    )

    assert workspace.root(home / "a") == home / "a"
    assert beside(home, "a") == []


@pytest.mark.parametrize(
    "table",
    [
        "dependencies",
        "dev-dependencies",
        "build-dependencies",
        'target."cfg(unix)".dependencies',
        "workspace.dependencies",
    ],
)
def test_crates_that_are_named_by_path_are_needed_and_theirs_too(tmp_path, table):
    home = written(
        tmp_path,
        {
            "a": f'{CRATE.format("a")}[{table}]\nlog = "0.4"\nb = {{ path = "../b" }}\n',
            "b": needs("b", "../deep/c"),
            "deep/c": needs("c", "../../b"),
            "d": CRATE.format("d"),
        },
    )

    assert beside(home, "a") == ["b", "deep/c"]


def test_a_broken_manifest_is_for_cargo_to_tell(tmp_path):
    home = written(tmp_path, {"a": "[package\n", "b": needs("b", "../missing")})

    assert beside(home, "a") == []
    assert beside(home, "b") == []
    assert workspace.library(home / "a") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CRATE.format("headers"), "headers"),
        (CRATE.format("basic-auth"), "basic_auth"),
        (f'{CRATE.format("basic-auth")}[lib]\ncrate-type = ["cdylib"]\n', "basic_auth"),
        (f'{CRATE.format("basic-auth")}[lib]\nname = "guard"\n', "guard"),
    ],
)
def test_a_library_has_the_name_of_its_crate_or_its_own(tmp_path, text, name):
    assert workspace.library(written(tmp_path, {"a": text}) / "a") == name
