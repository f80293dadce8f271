"""Which kind and which istioctl are used, and what is said where none will do."""

import sys

import pytest

from clusters import release
from clusters.kind import downloads, tools
from clusters.kind.errors import ToolMissing, WrongTool
from tests.kind import programs


@pytest.fixture(autouse=True)
def nothing_here(tmp_path, monkeypatch):
    """An empty PATH and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def istioctl_of(text, **how):
    return tools.find_istioctl(
        release.find(text), how.get("given"), allow_version_skew=how.get("skew", False)
    )


def test_the_kind_of_path_is_used(nothing_here):
    path = programs.kind(nothing_here)

    assert tools.find_kind(None) == tools.Tool(path, "0.33.0", "PATH")


def test_a_kind_that_was_named_comes_before_the_one_of_path(nothing_here, tmp_path):
    programs.kind(nothing_here)
    named = programs.kind(tmp_path, version="kind v0.20.1-alpha+12 go1.20 linux/amd64")

    found = tools.find_kind(named)

    assert (found.path, found.version) == (named, "0.20.1-alpha+12")


def test_without_kind_the_error_says_how_to_get_one():
    with pytest.raises(ToolMissing) as told:
        tools.find_kind(None)

    assert "none on PATH" in str(told.value)
    assert "Hint: python -m clusters kind fetch" in str(told.value)


def test_a_program_that_is_no_kind_is_refused_in_its_own_words(tmp_path):
    other = programs.script(tmp_path / "other", "echo unknown flag >&2", "exit 3")

    with pytest.raises(WrongTool) as told:
        tools.find_kind(other)

    assert "it ended with 3 and said: unknown flag" in str(told.value)


def test_a_path_where_nothing_is_says_so(tmp_path):
    with pytest.raises(WrongTool, match="No such file"):
        tools.find_kind(tmp_path / "nowhere")


@pytest.mark.parametrize("asked", ["1.31", "1.31.0"])
def test_istioctl_of_the_release_is_used(nothing_here, asked):
    programs.istioctl(nothing_here)

    assert istioctl_of(asked).version == "1.31.0"


@pytest.mark.parametrize(("asked", "there"), [("1.30", "1.31.0"), ("1.31.1", "1.31.0")])
def test_istioctl_of_another_release_is_refused_with_both(nothing_here, asked, there):
    programs.istioctl(nothing_here, there)

    with pytest.raises(WrongTool) as told:
        istioctl_of(asked)

    assert f"Istio {asked} was asked for, and {nothing_here / 'istioctl'} is of {there}" in str(
        told.value
    )
    assert "--allow-version-skew" in str(told.value)


def test_istioctl_of_another_release_is_used_where_that_is_allowed(nothing_here):
    programs.istioctl(nothing_here)

    assert istioctl_of("1.9", skew=True).version == "1.31.0"


def test_the_istioctl_of_the_cache_is_used_where_the_one_of_path_is_another(nothing_here):
    programs.istioctl(nothing_here)
    kept = downloads.root()
    kept.mkdir(parents=True)
    machine = downloads._machine(downloads.SOURCES["istioctl"]).values()
    programs.istioctl(kept, "1.30.0").rename(kept / "-".join(["istioctl", "1.30.0", *machine]))

    found = istioctl_of("1.30")

    assert (found.version, found.origin) == ("1.30.0", "the cache")


def test_an_istioctl_that_says_nothing_usable_is_refused(tmp_path):
    path = programs.script(tmp_path / "istioctl", "echo 1.31.0")

    with pytest.raises(WrongTool, match=r"asked for its version it said '1\.31\.0"):
        istioctl_of("1.31", given=path)


def test_without_the_packages_of_the_group_the_error_names_them(monkeypatch):
    for name in ("pytest_kind", "docker"):
        monkeypatch.setitem(sys.modules, name, None)  # which is how Python says there is none

    with pytest.raises(ToolMissing) as told:
        tools.check_pytest_kind()

    assert "and pytest-kind and docker are not installed" in str(told.value)
    assert str(told.value).endswith("Hint: uv sync --inexact --group kind")
