"""What latency does to a run: a slower filter and a broken budget fail it, workers skip it."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from filters import build, sources
from filters.sources import HERE, Edit

ROOT = Path(__file__).parents[2]
HEADERS = sources.read(HERE / "headers" / "cpp")
#: Reads every header of every answer, for nothing: several times what the filter costs.
SLOWER = Edit(
    file="headers.cc",
    old="  if (!all) return wasm::go_on;",
    new="  for (int i = 0; i < 10; ++i) wasm::headers(map);\n  if (!all) return wasm::go_on;",
)


def run(tmp_path, *options):
    command = [sys.executable, "-m", "pytest", "suites/latency", f"--report-dir={tmp_path}"]
    ended = subprocess.run(
        [*command, "-rs", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    report = json.loads((tmp_path / "report.json").read_text())
    checks = {name: each for each in report["checks"] for name in each["requirements"]}
    return ended, checks, report["latency"]


def test_a_filter_that_got_slower_fails_the_run(tmp_path):
    reference = build.build(HEADERS)
    slower = build.build(replace(HEADERS, name="slower", edits=(SLOWER,)))

    ended, checks, (found,) = run(
        tmp_path,
        *(f"--filter={slower.path}", "--contract=headers", f"--reference={reference.path}"),
    )

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout[-3000:]
    assert checks["LAT-1"]["verdict"] == "pass"
    assert checks["LAT-2"]["verdict"] == "fail"
    assert "REGRESSION: " in checks["LAT-2"]["message"]
    assert found["state"] == "regression"
    assert found["facts"]["listeners of"] == "the embedded control plane"
    # A module from the cache of builds, which is in no repository.
    assert found["commit"] == ""
    assert found["facts"]["commit"].startswith("unknown (git says: fatal: not a git repository")
    held = {(each["arm"], each["workers"]) for each in found["memory"]}
    assert held == {("none", 1), ("none", 2), ("new", 1), ("new", 2), ("ref", 1)}
    assert "Memory against workers" in (tmp_path / "report.html").read_text()
    assert found["modules"] == {
        **found["modules"],
        "new": slower.sha256,
        "ref": reference.sha256,
    }


def test_a_filter_that_breaks_its_budget_fails_the_run(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(HEADERS.folder, folder)
    with (folder / "filter.toml").open("a") as declared:
        declared.write('max_overhead = "10ns"\n')

    ended, checks, (found,) = run(tmp_path, f"--filter={folder}")

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout[-3000:]
    assert "OVER-BUDGET: " in checks["LAT-2"]["message"]
    assert "breaks the budget of 10 ns" in checks["LAT-2"]["message"]
    assert found["budget_ns"] == 10


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("-n", "2"), "latency is not measured by one of several workers"),
        (("--latency=off",), "latency is not measured with --latency=off"),
    ],
    ids=["workers", "off"],
)
def test_what_is_not_measured_is_skipped_and_says_so(tmp_path, options, reason):
    ended, checks, found = run(tmp_path, "--filter=filters/headers/cpp", *options)

    assert {name: each["verdict"] for name, each in checks.items()} == {
        "LAT-1": "skipped",
        "LAT-2": "skipped",
    }
    assert reason in ended.stdout
    assert found == []
