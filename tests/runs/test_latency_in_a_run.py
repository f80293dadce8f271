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
from reports.latency import references
from tests.runs.stopwatch import every_core_busy

ROOT = Path(__file__).parents[2]
HEADERS = sources.read(HERE / "headers" / "cpp")
#: Reads every header of every answer, for nothing: several times what the filter costs.
SLOWER = Edit(
    file="headers.cc",
    old="  if (!all) return wasm::go_on;",
    new="  for (int i = 0; i < 10; ++i) wasm::headers(map);\n  if (!all) return wasm::go_on;",
)
#: What the mistakes below are made in.
IN_CPP = tuple(each for each in sources.bundled() if each.language == "cpp")
MUCH_SLOWER = {
    "headers": replace(SLOWER, new=SLOWER.new.replace("i < 10", "i < 200")),
    "basic-auth": Edit(
        file="basic_auth.cc",
        old="  auto found = matching(*all);",
        new="  for (int i = 0; i < 60; ++i) matching(*all);\n  auto found = matching(*all);",
    ),
}


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


def test_a_reference_that_was_lost_fails_the_run_until_another_is_accepted(tmp_path, monkeypatch):
    """It must not look like a filter that never had one: nothing would ever be compared again."""
    lost = build.build(HEADERS)
    usual, store = references.store(), tmp_path / "istio-wasm-conformance" / "references"
    store.mkdir(parents=True)
    for each in usual.parent.iterdir():
        if each != usual:
            (store.parent / each.name).symlink_to(each)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (store / "accepted.json").write_text(json.dumps({lost.label: lost.sha256}))
    one = (f"--filter={HEADERS.folder}",)

    ended, checks, (found,) = run(tmp_path, *one)

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout[-3000:]
    assert checks["LAT-1"]["verdict"] == "pass"
    message = checks["LAT-2"]["message"]
    assert f"was compared with no reference: none: the module that was accepted, {store}" in message
    assert f'Hint: python -m reports accept --filter "{lost.label}"' in message
    assert found["facts"]["reference"].endswith(f"{lost.sha256}.wasm, is gone")

    accepting = [sys.executable, "-m", "reports", "accept", "--filter", lost.label]
    accepting += [str(tmp_path / "report.json")]
    subprocess.run(accepting, cwd=ROOT, check=True)
    _, checks, (found,) = run(tmp_path, *one)
    assert "reference" not in found["facts"]
    assert found["modules"]["ref"] == lost.sha256
    assert "compared with no reference" not in (checks["LAT-2"]["message"] or "")


def test_every_bundled_filter_promises_to_keep_to_a_budget():
    assert [each.label for each in sources.bundled() if each.max_overhead_ns is None] == []


@pytest.mark.parametrize("source", IN_CPP, ids=lambda each: each.label)
def test_a_mistake_that_costs_breaks_the_budget_of_a_bundled_filter(tmp_path, source):
    folder = tmp_path / "mine"
    shutil.copytree(source.folder, folder)
    edit = MUCH_SLOWER[source.contract]
    path = folder / edit.file
    assert path.read_text().count(edit.old) == 1
    path.write_text(path.read_text().replace(edit.old, edit.new))

    ended, checks, (found,) = run(tmp_path, f"--filter={folder}")

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout[-3000:]
    assert "OVER-BUDGET: " in checks["LAT-2"]["message"]
    assert "even the lower end, breaks the budget of " in checks["LAT-2"]["message"]
    assert found["budget_ns"] == source.max_overhead_ns


def test_no_budget_is_broken_by_a_machine_that_is_busy(tmp_path):
    with every_core_busy():
        _, checks, found = run(tmp_path, "--language=cpp")

    assert {each["budget_ns"] for each in found} == {each.max_overhead_ns for each in IN_CPP}
    assert not {each["state"] for each in found} & {"over-budget", "regression"}
    assert checks["LAT-1"]["verdict"] == "pass"


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
