"""Under real istiod, processes that stand still, die or never start; and a run that is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusters import gate, processes, waiting
from clusters.local import istiod, pilot_agent, session
from clusters.pilot.node import ingress_gateway
from tests.clusters.istiod.acting import HELLO, RELEASES, pids
from tests.kernel import alive

ROOT = Path(__file__).parents[3]


@pytest.fixture
def broken(start):
    """A gateway that a test may break."""
    with start(RELEASES[-1]) as running:
        yield running


STOPPED = {
    0: "istiod has not noticed EnvoyFilter/istio-system/x",
    1: "the proxy has not answered",
    2: "the proxy has not answered",
}


@pytest.mark.parametrize("stopped", STOPPED, ids=["istiod", "agent", "Envoy"])
def test_a_step_that_does_not_happen_is_named_with_the_last_words(
    broken, url, monkeypatch, stopped
):
    monkeypatch.setattr(session, "ANSWER_SECONDS", 1.0)
    os.kill(pids(broken)[stopped], signal.SIGSTOP)

    with (
        pytest.raises(gate.NotProven) as why,
        broken.delivered(broken.render(url, HELLO, name="x")),
    ):
        pytest.fail("the block must not run")
    told = str(why.value)
    assert STOPPED[stopped] in told
    for name in ("istiod", "pilot-agent", "Envoy"):
        assert f"last in {name}'s log:\n" in told


KILLED = {
    0: r"istiod ended by itself \(signal SIGKILL\)",
    1: r"pilot-agent ended by itself \(signal SIGKILL\)",
    2: r"Envoy ended by itself, and the agent with it: Envoy exited with error: signal: killed",
}


@pytest.mark.parametrize("killed", KILLED, ids=["istiod", "agent", "Envoy"])
def test_a_process_that_dies_is_reported_as_such(broken, url, killed):
    victims = pids(broken)
    os.kill(victims[killed], signal.SIGKILL)
    waiting.until(
        lambda: alive(victims[min(killed, 1)]), lambda seen: not seen, what="the end", within=10
    )

    with (
        pytest.raises(processes.ProcessFailed, match=KILLED[killed]) as why,
        broken.delivered(broken.render(url, HELLO, name="x")),
    ):
        pytest.fail("the block must not run")
    assert "last seen in" in str(why.value)
    with pytest.raises(processes.ProcessFailed, match=KILLED[killed]):
        broken.mark()  # no later test is judged by it


def test_an_agent_that_does_not_start_envoy_is_told_by_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(pilot_agent, "START_SECONDS", 1.0)
    agent = tmp_path / "waits"
    agent.write_text("#!/bin/sh\necho waiting for a certificate\nexec sleep 60\n")
    agent.chmod(0o755)
    node = ingress_gateway("1.31.0")

    with pytest.raises(processes.ProcessFailed, match="waiting for a certificate") as why:
        pilot_agent.start(agent, Path("/bin/false"), node, "127.0.0.1:1", tmp_path, {})
    assert "starting Envoy" in str(why.value)
    assert "Hint: /bin/false --version" in str(why.value)


def test_an_envoy_that_does_not_start_is_told_by_the_agents_last_words(binaries_of, tmp_path):
    binaries = binaries_of(RELEASES[-1])
    node = ingress_gateway("1.31.0")

    with pytest.raises(processes.ProcessFailed, match=r"Envoy ended by itself.*exit status 1"):
        pilot_agent.start(binaries.agent, Path("/bin/false"), node, "127.0.0.1:1", tmp_path, {})


def test_an_istiod_without_an_api_ends_with_its_last_words(binaries_of, tmp_path, monkeypatch):
    monkeypatch.setattr(istiod, "START_SECONDS", 2.0)
    binaries = binaries_of(RELEASES[-1])
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: "
        "{cluster: x}}], clusters: [{name: x, cluster: {server: 'http://127.0.0.1:1'}}]}"
    )

    with pytest.raises((istiod.IstiodFailed, processes.ProcessFailed)) as why:
        istiod.start(binaries.istiod, kubeconfig, tmp_path, istio_filters=False)
    assert "last seen in" in str(why.value)
    assert "likely cause: the Kubernetes API" in str(why.value)


KILLED_RUN = """
import sys
sys.path[:0] = [{root!r}]
import signal
from pathlib import Path
from bookinfo.app import Application
from bookinfo.documents import documents
from clusters import release
from clusters.local import envoy, istiod_cluster
from clusters.local.binaries import find

asked, app = release.find({release!r}), Application()
found = find(asked)
with istiod_cluster.running(
    asked, found, found.envoy or envoy.find(None).path, documents(app.port), Path({folder!r}), []
) as place:
    own = place._session
    print(own.istiod.process.child.pid, own.agent.process.child.pid, own.agent.envoy_pid())
    sys.stdout.flush()
    signal.pause()
"""


def test_nothing_survives_a_run_that_is_killed(binaries_of, tmp_path):
    binaries_of(RELEASES[-1])
    program = KILLED_RUN.format(root=str(ROOT), release=RELEASES[-1], folder=str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        children = [int(pid) for pid in run.stdout.readline().split()]
        assert len(children) == 3
        assert all(map(alive, children))
        run.kill()

    waiting.until(
        lambda: [pid for pid in children if alive(pid)],
        lambda left: not left,
        what="every process having ended",
        within=10,
    )
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
