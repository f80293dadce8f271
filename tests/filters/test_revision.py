"""Which commit a filter is at, from repositories made for it."""

import subprocess

import pytest

from filters import revision


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Run git in a repository with one commit, whatever the machine is configured with."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "somebody@example.com")
    repository = tmp_path / "repository"
    (repository / "mine").mkdir(parents=True)

    def run(*arguments):
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    run("init", "--quiet")
    (repository / "mine" / "filter.cc").write_text("int main;\n")
    (repository / "shared.h").write_text("int shared;\n")
    run("add", "--all")
    run("commit", "--quiet", "--message=first")
    return run


@pytest.fixture
def mine(git, tmp_path):
    return tmp_path / "repository" / "mine"


def test_a_clean_filter_is_at_the_commit_that_is_checked_out(git, mine):
    assert revision.of(mine) == revision.Revision(git("rev-parse", "HEAD"))


@pytest.mark.parametrize("changed", ["filter.cc", "../shared.h", "new.cc"])
def test_what_differs_from_the_commit_is_said(git, mine, changed):
    (mine / changed).write_text("changed\n")

    assert revision.of(mine) == revision.Revision(f"{git('rev-parse', 'HEAD')}-dirty")


def test_new_files_elsewhere_and_ignored_ones_change_nothing(git, mine):
    (mine.parent / "notes.txt").write_text("\n")
    (mine.parent / ".git" / "info" / "exclude").write_text("*.wasm\n")
    (mine / "built.wasm").write_text("\n")

    assert revision.of(mine) == revision.Revision(git("rev-parse", "HEAD"))


def test_outside_of_a_repository_there_is_none_and_why(tmp_path):
    found = revision.of(tmp_path)

    assert found.commit == ""
    assert found.unknown.startswith("git says: fatal: not a git repository")


def test_a_repository_without_a_commit_has_none(tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)

    assert revision.of(tmp_path) == revision.Revision("", "git knows no commit yet: (initial)")


def test_without_git_there_is_none(mine, monkeypatch):
    monkeypatch.setenv("PATH", str(mine))

    assert revision.of(mine) == revision.Revision("", "git is not installed")


def test_the_repository_of_a_hook_that_runs_the_tests_is_not_taken(
    git, mine, tmp_path, monkeypatch
):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere" / ".git"))

    assert revision.of(mine).unknown == ""
