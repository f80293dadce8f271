"""The checks of Istio's semantics notice every mistake of a control plane, at the gateway."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.wrong_control_plane import WRONG

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def checks(tmp_path_factory):
    """Every check of suites/istio under every mistake that it must notice."""
    folder = tmp_path_factory.mktemp("wrong")
    command = [sys.executable, "-m", "pytest", "suites/istio", "--istio=1.31", "-q", "--tb=no"]
    ended = subprocess.run(
        [*command, "-p", "tests.runs.wrong_control_plane", f"--report-dir={folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout[-3000:] + ended.stderr
    return json.loads((folder / "report.json").read_text())["checks"]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_the_suite_notices(checks, wrong):
    judged = [one for one in checks if str(wrong) in one["nodeid"]]
    failed = [one for one in judged if one["verdict"] == "fail"]

    assert failed, f"{len(judged)} checks of {wrong.requirement} pass"
    assert {each for one in failed for each in one["requirements"]} == {wrong.requirement}
