"""Which binaries a run gets, and what it is told where it gets none."""

import os

import pytest

from clusters import cache, release
from clusters.local import binaries
from clusters.local.binaries import BinariesMissing, WrongBinary, keeping, store
from clusters.local.binaries.executables import AGENT, ENVOY, ISTIOD
from filters import cache as filters_cache
from tests.clusters.binaries import programs

ROLES = (ISTIOD, AGENT)


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with nothing in the cache and nothing on PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def write(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(0o755)
    return path


def on_path(machine, version, *roles):
    return [write(machine / "bin" / role, programs.istio(role, version)) for role in roles or ROLES]


def cached(version, kind=store.BUILT, hub=""):
    def fill(files, _):
        for role in ROLES:
            write(files / role, programs.istio(role, version))
        if kind == store.IMAGES:
            write(files / ENVOY, programs.envoy())
        return f"{kind} {version}"

    return keeping.keep(keeping.Key(version, kind, hub), fill, tell=print)[0]


def find(asked, **options):
    return binaries.find(release.find(asked), **options)


def test_both_rooms_keep_what_they_keep_in_one_folder(monkeypatch):
    assert cache.folder() == filters_cache.folder()
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache.folder() == filters_cache.folder()


def test_a_path_given_comes_first(machine):
    on_path(machine, "1.24.1")
    cached("1.24.2")
    given = write(machine / "mine", programs.istio(ISTIOD, "1.24.3"))
    found = find("1.24", istiod=given)

    assert (found.istiod, found.version) == (given, "1.24.3")
    assert (found.agent, found.agent_version) == (machine / "bin" / AGENT, "1.24.1")
    assert found.origin == f"--istiod-bin={given} and PATH"
    assert (found.envoy, found.istio_filters) == (None, False)


def test_path_comes_before_the_cache_if_it_is_of_the_release(machine):
    cached("1.24.0")
    on_path(machine, "1.24.6")
    assert find("1.24").origin == "PATH"

    on_path(machine, "1.23.0")
    assert find("1.24").origin == "built 1.24.0"


def test_what_is_on_path_under_that_name_may_be_something_else(machine):
    write(machine / "bin" / AGENT, b"#!/bin/sh\n")
    cached("1.24.0")
    assert find("1.24").origin == "built 1.24.0"

    on_path(machine, "1.23.1", ISTIOD)
    with pytest.raises(WrongBinary, match=r"no pilot-agent of Istio 1.23: .* but a script"):
        find("1.23")


def test_images_come_before_a_build_with_their_own_envoy():
    cached("1.24.0")
    entry = cached("1.24.0", store.IMAGES, binaries.DEFAULT_HUB)
    found = find("1.24.0")

    assert (found.envoy, found.istio_filters) == (entry.folder / ENVOY, True)
    assert found.origin == "images 1.24.0"


def test_images_of_another_hub_are_not_taken():
    cached("1.24.0", store.IMAGES, "mirror.example.com/istio")

    with pytest.raises(BinariesMissing):
        find("1.24.0")
    assert find("1.24.0", hub="mirror.example.com/istio").istio_filters


def test_the_envoy_of_an_image_goes_with_no_other_agent(machine):
    cached("1.24.0", store.IMAGES, binaries.DEFAULT_HUB)
    on_path(machine, "1.24.0", AGENT)

    assert find("1.24.0").envoy is None


def test_an_envoy_given_is_looked_at(machine):
    cached("1.24.0")
    given = write(machine / "envoy", programs.envoy())

    assert find("1.24.0", envoy=given).istio_filters
    with pytest.raises(WrongBinary, match="is no Envoy that runs here"):
        find("1.24.0", envoy=store.entries()[0].folder / AGENT)


@pytest.mark.parametrize(
    ("there", "asked", "fits"),
    [
        ("1.24.0", "1.24", True),
        ("1.24.0", "1.24.0", True),
        ("1.24.0", "1.24.6", False),
        ("1.24.0", "1.23", False),
        ("1.31.0-dev.20260827", "1.31", True),
        ("1.31.0-dev.20260827", "latest", True),
        ("1.31.0-dev.20260827", "1.31.0", False),
        ("1.3", "1.31", False),
        ("unknown", "1.31", False),
    ],
)
def test_a_minor_is_any_of_its_patches_and_a_patch_is_itself(machine, there, asked, fits):
    paths = dict(zip(("istiod", "agent"), on_path(machine, there), strict=True))
    if fits:
        assert find(asked, **paths).version == there
        return
    with pytest.raises(WrongBinary) as failed:
        find(asked, **paths)
    assert f"pilot-discovery is {there}\nHint: --allow-version-skew" in str(failed.value)
    assert find(asked, **paths, allow_version_skew=True).version == there


def test_the_newest_patch_in_the_cache_is_taken():
    for version in ("1.24.2", "1.24.10", "1.24.9", "1.23.11"):
        cached(version)

    assert find("1.24").version == "1.24.10"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("1.9", "Hint: python -m clusters binaries fetch --istio=1.9"),
        (
            "1.24.0",
            "Hint: python -m clusters binaries fetch --istio=1.24.0, or, with Go, "
            "python -m clusters binaries build --istio=1.24.0",
        ),
    ],
)
def test_what_is_missing_is_told_with_the_commands_that_get_it(machine, asked, hint):
    with pytest.raises(BinariesMissing) as failed:
        find(asked)

    message, last = str(failed.value).splitlines()
    assert message == (
        f"no istiod of Istio {asked} on this machine: --istiod-bin is not given, there is no "
        f"pilot-discovery on PATH, and none in {machine}/cache/istio-wasm-conformance/istio"
    )
    assert last == hint


def test_the_hint_keeps_the_mirror():
    with pytest.raises(BinariesMissing, match=r"fetch --istio=1\.9 --hub=mirror\.test/istio"):
        find("1.9", hub="mirror.test/istio")


def truncate(path):
    os.truncate(path, 100)


def change(path):
    with path.open("r+b") as file:
        file.write(b"\x7fELX")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (truncate, "pilot-agent has 100 bytes instead of "),
        (change, "pilot-agent has the sha256 "),
        (os.remove, "pilot-agent cannot be read: No such file or directory"),
    ],
)
def test_a_damaged_cache_is_told_with_the_command_that_mends_it(damage, told):
    entry = cached("1.24.0")
    damage(entry.folder / AGENT)
    with pytest.raises(store.Corrupted) as failed:
        find("1.24.0")

    assert f"the cached binaries of Istio 1.24.0 are damaged: {told}" in str(failed.value)
    assert str(failed.value).endswith("Hint: python -m clusters binaries build --istio=1.24.0")


def test_damage_that_shows_nowhere_is_found_by_looking_thoroughly():
    entry = cached("1.24.0")
    path = entry.folder / AGENT
    before = path.stat()
    change(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    entry.check()
    with pytest.raises(store.Corrupted, match="has the sha256"):
        entry.check(thorough=True)


def test_a_file_that_was_only_touched_is_whole():
    entry = cached("1.24.0")
    os.utime(entry.folder / AGENT)

    assert find("1.24.0").agent == entry.folder / AGENT


def test_the_cached_binaries_of_another_machine_are_not_taken(monkeypatch):
    cached("1.24.0")
    monkeypatch.setattr(store, "platform", lambda: "linux-riscv64")

    with pytest.raises(BinariesMissing):
        find("1.24.0")
