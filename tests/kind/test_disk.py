"""A cache that cannot be written and a full disk: one message, and no cluster that stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clusters.kind import claims
from tests.kind import programs

pytest.importorskip("pytest_kind", reason="the group kind is not installed: uv sync --group kind")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tools(kind, docker, tmp_path):
    istioctl = programs.istioctl(tmp_path, "1.31.0", "echo no >&2", "exit 9")
    return [f"--kind-bin={kind.path}", f"--istioctl-bin={istioctl}", "--istio=1.31"]


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A cache on a disk of 64 KiB; `full` is a line of sh that fills it."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=64k", "iwc-test", str(small)]
    if done := subprocess.run(mounted, capture_output=True, text=True, check=False).stderr:
        pytest.skip(f"no small disk can be mounted here: {done.strip()}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(small))
    yield f"head -c 100000 /dev/zero > {small}/filled 2>/dev/null || true"
    subprocess.run(["umount", str(small)], check=True)


def test_a_cache_that_is_a_file_is_one_message_of_the_command(tools, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    for action, given in (("up", tools), ("down", tools[:1]), ("status", tools[:1])):
        done = run("clusters", "kind", action, *given)

        first, hint = done.stderr.splitlines()
        assert done.returncode == 1
        assert first.startswith(f"cannot write the cache {tmp_path}/file/")
        assert hint.startswith("Hint: XDG_CACHE_HOME=")


def test_a_cache_that_kind_cannot_write_is_one_message_of_a_run_of_the_suites(
    tools, cache, tmp_path
):
    folder = cache / "istio-wasm-conformance"
    folder.mkdir()
    (folder / "kind").write_text("")
    check = tmp_path / "test_any.py"
    check.write_text("def test_any(gateway):\n    pass\n")
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    more = ["-q", "-pno:cacheprovider", "--cluster=kind", f"--report-dir={tmp_path}/report"]

    done = run("pytest", *more, *tools, str(check))

    assert done.returncode == 2, done.stdout + done.stderr
    assert f"cannot write the cache {folder}/kind/clusters: Not a directory" in done.stdout
    assert "Hint: XDG_CACHE_HOME=" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "cache.py" not in done.stdout


def test_a_disk_that_is_full_beforehand_is_told_before_anything_is_made(kind, full, tools):
    subprocess.run(["sh", "-c", full], check=True)

    done = run("clusters", "kind", "up", *tools)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr
    assert not any(call.startswith("create") for call in kind.calls)


@pytest.mark.parametrize("when", ["get", "create", "load"], ids=["tools", "cluster", "images"])
def test_a_disk_that_gets_full_during_a_step_is_told_and_the_cluster_is_gone(
    kind, docker, full, tools, when
):
    docker.images.add("docker.io/istio/pilot:1.31.0")
    kind.after(when, full)

    done = run("clusters", "kind", "up", *tools)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr
    assert kind.there == []


def test_a_cluster_is_deleted_although_nothing_can_be_written(kind, full, docker, tools):
    kind.has("iwc-mine", ports=(4711, 4712))
    with claims.claimed("iwc-mine") as claim:
        claim.record(kept=True, ports=(4711, 4712))
    subprocess.run(["sh", "-c", full], check=True)

    done = run("clusters", "kind", "down", tools[0])

    assert (done.returncode, done.stdout) == (0, "iwc-mine is deleted\n"), done.stderr
    assert kind.there == []
