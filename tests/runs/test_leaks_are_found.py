"""A module that keeps memory is found by the checks of memory, and by them only."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from filters import build, probes

ROOT = Path(__file__).parents[2]


def judged(tmp_path, configuration):
    (tmp_path / "configuration").write_text(configuration)
    module = build.compiled(probes.source("grows"))
    command = [
        *(sys.executable, "-m", "pytest", "suites/resources/test_memory.py", "-q"),
        *(f"--filter={module.path}", "--contract=any"),
        *(f"--configuration={tmp_path / 'configuration'}", f"--report-dir={tmp_path}"),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads((tmp_path / "report.json").read_text())
    return {
        requirement: check
        for check in report["checks"]
        for requirement in check["requirements"]
        if check["verdict"] != "pass"
    }, ended.stdout


@pytest.mark.parametrize(
    ("configuration", "requirement", "words"),
    [
        ("128 0", "RES-4", "20000 requests left"),
        ("0 40000", "RES-5", "200 changes of the configuration left"),
    ],
    ids=["in each request", "with each configuration"],
)
def test_a_leak_fails_the_check_that_looks_for_it(tmp_path, configuration, requirement, words):
    found, printed = judged(tmp_path, configuration)

    assert list(found) == [requirement], printed[-3000:]
    assert found[requirement]["verdict"] == "fail"
    assert words in found[requirement]["message"]


def test_a_module_that_keeps_nothing_passes(tmp_path):
    assert judged(tmp_path, "0 0")[0] == {}
