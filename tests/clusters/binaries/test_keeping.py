"""How binaries come into the cache: whole, once, by one process at a time."""

import threading

import pytest

from clusters import cache
from clusters.local.binaries import keeping, store
from clusters.local.binaries.keeping import Key

KEY = Key("1.24.0", store.BUILT)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / cache.NAME / "istio"


def fill(files, work):
    (files / "pilot-agent").write_bytes(b"agent")
    (work / "scratch").write_bytes(b"scratch")
    return "made by a test"


def keep(fill=fill, key=KEY):
    told: list[str] = []
    entry, made = keeping.keep(key, fill, tell=told.append)
    return entry, made, told


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_an_entry_is_made_once(folder):
    first, made, told = keep()
    assert (made, told) == (True, [])
    assert first.origin == "made by a test"
    assert visible(folder) == [f"1.24.0-built-{store.platform()}"]
    assert sorted(path.name for path in first.folder.iterdir()) == ["pilot-agent", store.RECORD]

    assert keep(lambda *_: pytest.fail("made again")) == (first, False, [])


def test_hubs_do_not_share_an_entry():
    one, other = (
        Key("1.24.0", store.IMAGES, hub) for hub in ("a.test:5000/x/y", "a.test:5000/x_y")
    )

    assert keep(key=one)[0].folder != keep(key=other)[0].folder
    assert [entry.hub for entry in store.entries()] == ["a.test:5000/x/y", "a.test:5000/x_y"]


def test_what_fails_leaves_nothing(folder):
    def failing(files, work):
        fill(files, work)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        keep(failing)
    assert visible(folder) == []
    assert store.entries() == []


def test_what_a_killed_process_left_is_no_entry_and_goes_away(folder):
    left = folder / f".{KEY.name}.unfinished" / "files"
    left.mkdir(parents=True)
    (left / "pilot-agent").write_bytes(b"half")
    (left / store.RECORD).write_text("{}")
    assert store.entries() == []

    keep()
    assert visible(folder) == [KEY.name]


def test_a_damaged_entry_is_made_again(folder):
    path = keep()[0].folder / "pilot-agent"
    path.write_bytes(b"other")
    entry, made, told = keep()

    assert made
    assert path.read_bytes() == b"agent"
    assert told[0].startswith("the cached binaries of Istio 1.24.0 are damaged: pilot-agent has ")
    entry.check(thorough=True)


def test_a_record_that_cannot_be_read_is_none(folder):
    record = keep()[0].folder / store.RECORD
    record.write_text(record.read_text().replace('"files"', '"fires"'))
    assert store.entries() == []

    assert keep()[1]


def test_who_comes_second_waits_and_finds_it_made():
    begun, finish, outcomes = threading.Event(), threading.Event(), []

    def slow(files, work):
        begun.set()
        assert finish.wait(10)
        return fill(files, work)

    def second(line):
        outcomes.append(line)
        finish.set()

    first = threading.Thread(target=lambda: outcomes.append(keep(slow)[1]))
    first.start()
    assert begun.wait(10)
    _, made = keeping.keep(KEY, lambda *_: pytest.fail("made twice"), tell=second)
    first.join()

    assert not made
    assert outcomes == ["another process that gets 1.24.0 is at work; waiting for it", True]


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(
        cache.CacheUnwritable, match=r"(?s)cannot write the cache .*Hint: XDG_CACHE"
    ):
        keep()
