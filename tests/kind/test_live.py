"""Real clusters of kind: what comes up, is found again, and is gone after whatever happens.

Where Docker has no node image and no images of Istio under names of their own, all of this is
skipped with the reason.
"""

import json
import os
import secrets
import signal
import subprocess
import sys

import pytest

from tests.existing import lab
from tests.kind import live
from tests.runs.without_clock import OPERATOR


@pytest.fixture(scope="module", autouse=True)
def _only_where_there_can_be_one():
    if reason := live.lacking():
        pytest.skip(f"no cluster of kind can be made here: {reason}")


@pytest.fixture
def name():
    return f"iwc-test-{secrets.token_hex(3)}"


@pytest.fixture(autouse=True)
def untouched(name, tmp_path, monkeypatch):
    """A kubeconfig of the user's that is afterwards as before, and no cluster that stays."""
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    with live.untouched(name):
        yield
    assert kubeconfig.read_text() == "apiVersion: v1\nkind: Config\n"


@pytest.mark.timeout(900)
def test_a_cluster_comes_up_is_found_again_and_goes(name):
    first = live.run("up", name)
    assert first.returncode == 0, first.stderr
    assert live.steps(first.stderr) == [
        "tools",
        "cluster",
        "images",
        "istio",
        "bookinfo",
        "gateway",
    ]

    again = live.run("up", name)
    assert again.returncode == 0, again.stderr
    assert f"{name} is there, made from the same" in again.stderr
    assert live.steps(again.stderr) == ["tools", "gateway"]

    other = live.run("up", name, **{"--bookinfo": "upstream"})
    assert other.returncode == 1
    assert "bookinfo: standin is there, upstream is asked for" in other.stderr

    down = live.run("down", name)
    assert (down.returncode, down.stdout) == (0, f"{name} is deleted\n")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("step", "number"),
    [("cluster", signal.SIGINT), ("istio", signal.SIGTERM), ("gateway", signal.SIGINT)],
    ids=["cluster", "istio", "gateway"],
)
def test_an_interrupt_at_any_step_leaves_nothing(name, step, number):
    with subprocess.Popen(
        live.command("up", name),
        cwd=live.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stderr is not None
        live.read_until(process.stderr, f"kind: {step} … ")
        process.send_signal(number)
        rest = process.stderr.read().decode()

    assert "broken off" in rest
    assert process.returncode == 130


@pytest.mark.timeout(900)
def test_latency_is_judged_by_either_clock_of_the_gateways_envoy(name, tmp_path):
    """The clock is taken away by asking for one that this Envoy does not know."""
    assert live.run("up", name).returncode == 0

    timed, unchanged = measured(name, tmp_path / "clock")
    by_cpu, degraded = measured(name, tmp_path / "cpu", "-p", "tests.runs.without_clock")

    assert unchanged == ("envoy", "")
    assert {"p25", "cpu"} <= timed
    assert degraded == ("cpu", f"Envoy says: Not supported field in StreamInfo: {OPERATOR}")
    assert by_cpu == {"cpu"}
    assert live.run("down", name).returncode == 0


def measured(name, folder, *more):
    """Return the figures of one filter at the gateway of a cluster, and by which clock they are."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "suites/latency", "--cluster=kind"),
            *live.options(name),
            *("--filter=filters/headers/cpp", f"--report-dir={folder}", *more),
        ],
        cwd=live.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=live.UP_SECONDS,
    )
    (found,) = json.loads((folder / "report.json").read_text())["latency"]
    assert found["facts"]["CPU time of"], done.stdout
    figures = {each["figure"] for each in found["figures"]}
    return figures, (found["clock"], found["degraded"])


def test_a_node_image_that_nobody_has_is_told_in_dockers_words(name):
    done = live.run("up", name, **{"--kind-image": "iwc.invalid/node:1"})

    assert done.returncode == 1
    assert f"the step 'cluster' of cluster {name} failed" in done.stderr
    assert 'failed to pull image "iwc.invalid/node:1"' in done.stderr
    assert "likely cause: the image is neither in the local Docker nor" in done.stderr


@pytest.mark.timeout(600)
def test_a_cluster_of_somebody_else_is_left_alone(name):
    kubeconfig = os.environ["KUBECONFIG"] + "-theirs"
    made = ["--name", name, "--image", lab.NODE, "--kubeconfig", kubeconfig]
    subprocess.run(["kind", "create", "cluster", *made], check=True, capture_output=True)
    try:
        for action in ("up", "down"):
            done = live.run(action, name)
            assert done.returncode == 1
            assert "this project did not make it; it was left alone" in done.stderr
        names = subprocess.run(
            ["kind", "get", "clusters"], check=True, capture_output=True, text=True
        )
        assert name in names.stdout.split()
    finally:
        gone = ["--name", name, "--kubeconfig", kubeconfig]
        subprocess.run(["kind", "delete", "cluster", *gone], check=True, capture_output=True)


def test_without_docker_one_message_says_so(name, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    done = live.run("up", name)

    assert done.returncode == 1
    assert "Docker does not answer at unix:///nowhere/docker.sock" in done.stderr
    assert "likely cause: Docker is not running" in done.stderr
    assert done.stderr.rstrip().endswith("Hint: docker info")
    monkeypatch.delenv("DOCKER_HOST")
