"""On a real cluster: a suite runs with the manifest's rights alone, and a run that is killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusters import __main__, waiting
from clusters.existing import leftovers
from clusters.ownership import RUN_LABEL
from tests.existing import lab
from tests.existing.accounts import SPACE

ROOT = Path(__file__).parents[2]
FILTERS = "/apis/networking.istio.io/v1alpha3/namespaces/istio-system/envoyfilters"
#: Noted before a test gets a cache of its own: without the built filters a run takes minutes.
ENVIRONMENT = dict(os.environ)
START_SECONDS, END_SECONDS = 120.0, 300.0


def command(account, folder, *more):
    return [
        *(sys.executable, "-m", "pytest", "-q", "suites/headers/test_configuration.py"),
        *("--cluster=existing", "--kube-context=account", f"--kubeconfig={account}"),
        *(f"--standin-image={lab.PYTHON}", "--language=cpp", "--latency=off"),
        f"--report-dir={folder}",
        *more,
    ]


@pytest.fixture
def left(admin):
    """A function that names everything in the cluster that has a run's label."""

    def found():
        runs = leftovers.find(admin, "istio-system").runs.values()
        return sorted(str(thing) for run in runs for thing in run.things)

    return found


def test_a_suite_runs_with_no_right_beyond_three_namespaces(narrow_account, left, tmp_path):
    done = subprocess.run(
        command(narrow_account, tmp_path / "report", f"--run-namespace={SPACE}"),
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "report/report.json").read_text())["facts"]
    assert told["place"] == "existing"
    assert told["semantics"] == f"istiod {lab.TAG}"
    assert left() == []


def test_a_run_that_is_killed_is_cleaned_up_after_and_nothing_else(
    account, admin, left, tmp_path, capsys
):
    theirs = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "theirs", "namespace": "istio-system"},
        "spec": {"workloadSelector": {"labels": {"nobody": "has-it"}}, "configPatches": []},
    }
    kept = admin.create(FILTERS, theirs)
    child = subprocess.Popen(
        command(account, tmp_path / "report"),
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        waiting.until(
            lambda: admin.items(FILTERS, labelSelector=RUN_LABEL),
            lambda found: len(found) >= 3,  # the marker of a change, and the filter under test
            what="a filter of the run in the cluster",
            within=START_SECONDS,
            every=0.05,
        )
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert any(each.startswith("Namespace ") for each in left())

        clean = ["clean", f"--kubeconfig={account}", "--kube-context=account"]
        assert __main__.main(clean) == 0

        assert "is over; removed:" in capsys.readouterr().out
        assert left() == []
        assert admin.get(f"{FILTERS}/theirs")["metadata"]["uid"] == kept["metadata"]["uid"]
    finally:
        child.kill()
        child.wait()
        admin.delete(f"{FILTERS}/theirs", uid=kept["metadata"]["uid"])
