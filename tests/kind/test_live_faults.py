"""Real clusters of kind whose pods are not ready, that are left in the middle, or fall silent."""

import os
import secrets
import signal
import subprocess
import sys

import pytest

from clusters import waiting
from clusters.kind import claims
from tests.existing import lab
from tests.kind import live

#: An image of a program that ends at once, made of the lab's.
CRASHING = "iwc-test/crashing:1"
DOCKERFILE = f"""FROM {lab.PYTHON}
RUN rm "$(command -v python3)" && printf '#!/bin/sh\\necho my last words\\nexit 3\\n' \\
  > /usr/bin/python3 && chmod 755 /usr/bin/python3
"""

CONFTEST = (live.ROOT / "conftest.py").read_text()
#: A run of the suites in small: it comes to a check that lasts, and has changed the gateway.
CHECKS = """
import pathlib
import subprocess

from clusters import waiting

FILTER = '''
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: says-so, namespace: istio-system}}
spec:
  workloadSelector: {{labels: {{istio: ingressgateway}}}}
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: GATEWAY
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
            subFilter: {{name: envoy.filters.http.router}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: says-so
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
          default_source_code:
            inline_string: |
              function envoy_on_response(handle) handle:headers():add("says", "so") end
'''


def says_so(gateway):
    return gateway.send("GET", "/productpage").header("says") == "so"


def test_a_change(cluster):
    with cluster.applied(FILTER, proof=says_so):
        {meanwhile}


def test_another_change(cluster):
    with cluster.applied(FILTER, proof=says_so):
        pass
"""
LASTS = 'pathlib.Path({mark!r}).touch(); waiting.until(int, bool, what="an end", within=300)'


@pytest.fixture(scope="module", autouse=True)
def _only_where_there_can_be_one():
    if reason := live.lacking():
        pytest.skip(f"no cluster of kind can be made here: {reason}")


@pytest.fixture
def name():
    return f"iwc-test-{secrets.token_hex(3)}"


@pytest.fixture(autouse=True)
def untouched(name):
    with live.untouched(name):
        yield


@pytest.fixture
def crashing():
    build = ["docker", "build", "--quiet", "--network=none", f"--tag={CRASHING}", "-"]
    subprocess.run(build, input=DOCKERFILE, text=True, check=True, capture_output=True)
    yield CRASHING
    subprocess.run(["docker", "rmi", CRASHING], check=True, capture_output=True)


@pytest.fixture
def suites(name, tmp_path):
    """A function that starts a run of checks in a cluster of that name; its output is in `said`."""
    started = []

    def start(meanwhile):
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "test_any.py").write_text(CHECKS.format(meanwhile=meanwhile))
        more = ["-q", "-pno:cacheprovider", "--cluster=kind", f"--report-dir={tmp_path}/report"]
        with (tmp_path / "said").open("wb") as said:
            child = subprocess.Popen(
                [sys.executable, "-m", "pytest", *more, *live.options(name), tmp_path],
                cwd=live.ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()


def there(path, what):
    waiting.until(path.exists, bool, what=what, within=live.UP_SECONDS, every=0.05)


@pytest.mark.timeout(600)
def test_an_image_that_cannot_be_pulled_is_given_up_with_what_the_node_says(name):
    done = live.run("up", name, **{"--standin-image": "iwc.invalid/x:1"})

    assert done.returncode == 1
    assert f"the step 'bookinfo' of cluster {name} failed" in done.stderr
    assert "pods do not get ready: default/" in done.stderr
    assert "is in ImagePullBackOff" in done.stderr
    assert "last warnings:" in done.stderr
    assert "likely cause: the node cannot get the image" in done.stderr


@pytest.mark.timeout(600)
def test_a_program_that_ends_at_once_is_given_up_with_its_last_words(name, crashing):
    done = live.run("up", name, **{"--standin-image": crashing})

    assert done.returncode == 1
    assert f"the step 'bookinfo' of cluster {name} failed" in done.stderr
    assert "is in CrashLoopBackOff" in done.stderr
    assert "\n  my last words\n" in done.stderr
    assert "likely cause: the program in the pod ends as soon as it is started" in done.stderr


@pytest.mark.timeout(600)
@pytest.mark.parametrize("step", ["images", "bookinfo"])
def test_an_interrupt_in_the_steps_between_leaves_nothing(name, step):
    with subprocess.Popen(
        live.command("up", name),
        cwd=live.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stderr is not None
        live.read_until(process.stderr, f"kind: {step} … ")
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().decode()

    assert "broken off" in rest
    assert process.returncode == 130


@pytest.mark.timeout(600)
def test_a_run_of_the_suites_that_is_interrupted_twice_leaves_nothing(name, suites, tmp_path):
    run = suites(LASTS.format(mark=str(tmp_path / "mark")))
    there(tmp_path / "mark", "a check that lasts")

    run.send_signal(signal.SIGINT)
    there(claims.root() / name / "kind-delete-cluster.log", "the deletion of the cluster")
    run.send_signal(signal.SIGINT)

    assert run.wait(120) == pytest.ExitCode.INTERRUPTED, (tmp_path / "said").read_text()


@pytest.mark.timeout(900)
def test_an_api_that_falls_silent_in_the_middle_of_a_run_is_one_message(name, suites, tmp_path):
    node = f"{name}-control-plane"

    run = suites(f'subprocess.run(["docker", "pause", "{node}"], check=True)')
    code = run.wait(live.UP_SECONDS)

    said = (tmp_path / "said").read_text()
    assert code in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED), said
    assert "the Kubernetes API at https://127.0.0.1:" in said, said
    assert os.fspath(live.ROOT / "clusters") not in said, said
