"""The suites catch every deliberately wrong filter, by a requirement that its mistake breaks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from filters import build, contracts, mutants

ROOT = Path(__file__).parents[2]
MUTANTS = {mutant.name: mutant for mutant in mutants.known()}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_suites_catch(name, tmp_path):
    mutant = MUTANTS[name]
    module = build.build(mutant.source)
    options = [
        f"--filter={module.path}",
        f"--contract={mutant.source.contract}",
        f"--rule={','.join(mutant.requirements)}",
        f"--report-dir={tmp_path}",
        "--level=compat",
        "-x",
        "-q",
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", contracts.find(mutant.source.contract).suites, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout[-3000:]
    checks = json.loads((tmp_path / "report.json").read_text())["checks"]
    failed = [check for check in checks if check["verdict"] == "fail"]
    assert failed, ended.stdout[-3000:]
    assert set(failed[0]["requirements"]) & set(mutant.requirements)
