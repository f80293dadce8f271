"""A release is asked for in words people type; everything else is an error that helps."""

import re

import pytest

from clusters.release import KNOWN, UnknownRelease, find


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("1.9", "1.9.9"),
        ("1.9.9", "1.9.9"),
        ("1.9.0", "1.9.0"),
        ("1.10", "1.10.6"),
        ("1.31", "1.31.0"),
        ("latest", "1.31.0"),
    ],
)
def test_a_release_is_found_by_minor_patch_or_latest(asked: str, version: str) -> None:
    assert find(asked).version == version


@pytest.mark.parametrize(
    "asked", ["1.99", "1,9", "v1.9", "1.9.x", "1.9 ", " 1.9", "", "1", "1.8", "1.9.0.1", "LATEST"]
)
def test_an_unknown_release_is_refused_with_the_known_ones(asked: str) -> None:
    with pytest.raises(UnknownRelease) as error:
        find(asked)
    text = str(error.value)
    assert repr(asked) in text
    assert all(release.name in text for release in KNOWN)
    assert "Hint: --istio=" in text


@pytest.mark.parametrize(
    ("asked", "near"), [("lates", "latest"), ("1,9", "1.9"), ("v1.31", "1.31"), ("1.311", "1.31")]
)
def test_a_misspelt_release_is_told_the_nearest(asked: str, near: str) -> None:
    with pytest.raises(UnknownRelease, match=re.escape(f"Hint: --istio={near}") + "$"):
        find(asked)


def test_every_minor_from_1_9_to_1_31_is_known_once_and_in_order() -> None:
    assert [release.name for release in KNOWN] == [f"1.{minor}" for minor in range(9, 32)]


def test_every_row_is_complete_and_of_its_own_line() -> None:
    for release in KNOWN:
        assert release.version.startswith(f"{release.name}.")
        assert re.fullmatch(r"1\.\d+", release.envoy)
        assert re.fullmatch(r"1\.\d+-1\.\d+", release.kubernetes)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", release.released)
        assert re.fullmatch(r"\d{4}-\d\d(-\d\d| \(expected\))", release.eol)


def test_envoy_minor_follows_istio_minor() -> None:
    minors = [int(release.envoy.partition(".")[2]) for release in KNOWN]
    assert minors == list(range(17, 40))
