"""How a check of latency ends, and where what it found goes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reports.latency import stored
from tests.reports.conftest import Run, run, suite

__all__ = ["run", "suite"]  # the fixtures of the plugin's own tests

CHECK = """
from dataclasses import replace
from pathlib import Path
from tests.reports.latency.sample import QUIET, THRESHOLDS
from tests.reports.latency.synthetic import measured

@pytest.mark.requirement("HDR-1")
def test_{name}(record_property, latency_statistics, latency_findings):
    record_property("filter", "headers cpp")
    machine = replace(QUIET, machine={machine}, overheads={{**QUIET.overheads, "new": {cost}}})
    measurement = measured({seed}, machine, rounds=10, filter="headers {name}")
    estimates = latency_statistics.estimate(measurement)
    budget = latency_statistics.Budget({budget})
    verdict = latency_statistics.judge(estimates, THRESHOLDS, budget)
    latency_findings.record(
        measurement, estimates, verdict, thresholds=THRESHOLDS, budget=budget,
        module=Path(__file__),
    )
    latency_findings.settle(verdict)
"""


def a_check(
    name: str, *, cost: float = 1200.0, seed: int = 1, machine: float = 0.003, budget: float = 9e9
) -> str:
    return CHECK.format(name=name, cost=cost, seed=seed, machine=machine, budget=budget)


PASS = a_check("sound")
FAIL = a_check("dearer", cost=1500.0)
UNSURE = a_check("noisy", seed=11, machine=0.06)
SPOILT = a_check("nothing", cost=0.0)


def found(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text())


def test_noise_is_counted_apart_and_fails_nothing(
    run: Run, suite: Callable[..., Path], pytester: pytest.Pytester
) -> None:
    suite(more=PASS + UNSURE + SPOILT)
    result = run("suites", "--report-dir=out")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*latency: 1 pass, apart: 1 inconclusive · 1 invalid*"])
    result.stdout.fnmatch_lines(["*5 passed, 1 inconclusive, 1 invalid*"])
    result.stdout.no_fnmatch_line("*gave no valid result*")
    summaries = found(pytester.path / "out")["summaries"]
    (summary,) = (each for each in summaries if each["subject"] == "headers cpp")
    counted = {name: summary[name] for name in ("passed", "failed", "inconclusive", "invalid")}
    assert counted == {"passed": 1, "failed": 0, "inconclusive": 1, "invalid": 1}
    assert summary["skipped"] == 0


def test_noise_alone_is_no_pass(
    run: Run, suite: Callable[..., Path], pytester: pytest.Pytester
) -> None:
    suite(more=UNSURE)
    run("suites", "--rule=HDR-1", "--report-dir=out")

    assert found(pytester.path / "out")["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("check", "named"),
    [
        (FAIL, "REGRESSION: regression: +2*"),
        (a_check("dear", budget=600), "OVER-BUDGET: *breaks the budget of 600 ns"),
    ],
)
def test_a_regression_and_a_broken_budget_are_failing_tests(
    check: str, named: str, run: Run, suite: Callable[..., Path], pytester: pytest.Pytester
) -> None:
    suite(more=check)
    result = run("suites", "--report-dir=out")

    assert result.ret == 1
    result.stdout.fnmatch_lines([named])
    assert found(pytester.path / "out")["verdict"] == "fail"
    (junit,) = ElementTree.parse(pytester.path / "out" / "junit.xml").getroot()
    assert junit.get("failures") == "1"


def test_junit_skips_what_noise_left_undecided_and_gets_the_sentence_only(
    run: Run, suite: Callable[..., Path], pytester: pytest.Pytester
) -> None:
    suite(more=SPOILT)
    run("suites", "--report-dir=out")
    text = (pytester.path / "out" / "junit.xml").read_text()
    (junit,) = ElementTree.fromstring(text)
    (case,) = [each for each in junit if each.get("name") == "test_nothing"]
    properties = {each.get("name"): each.get("value") for each in case.iter("property")}
    (skipped,) = case.iter("skipped")

    assert junit.get("failures") == "0"
    assert properties["verdict"] == "invalid"
    assert properties["latency-verdict"] == "invalid"
    assert "adds" in (properties["latency"] or "")
    assert (skipped.get("message") or "").startswith("INVALID: it costs")
    assert len(text) < 6000


def test_blocks_module_and_history_stand_beside_the_report(
    run: Run, suite: Callable[..., Path], pytester: pytest.Pytester
) -> None:
    suite(more=PASS)
    for _ in range(2):
        run("suites", "--report-dir=out")
    out = pytester.path / "out"
    (finding,) = found(out)["latency"]
    measurement = stored.parse((out / finding["raw"]).read_bytes())

    assert finding["check"] == "suites/test_auth.py::test_sound"
    assert finding["filter"] == measurement.filter == "headers sound"
    assert len(list((out / "latency").glob("*.wasm"))) == 1
    # The synthetic run is the same both times, so history has it once.
    assert len((out / "latency" / "history.jsonl").read_text().splitlines()) == 1
    assert "headers sound adds" in (out / "report.html").read_text()


def test_a_damaged_history_is_told_and_stops_nothing(
    run: Run, suite: Callable[..., Path], pytester: pytest.Pytester
) -> None:
    suite(more=PASS)
    (pytester.path / "out" / "latency").mkdir(parents=True)
    (pytester.path / "out" / "latency" / "history.jsonl").write_text("half a li\n")
    result = run("suites", "--report-dir=out")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*no history of latency: *line 1 is no point of history*"])
    assert found(pytester.path / "out")["history"] == []


def test_every_check_of_a_run_that_records_counts_as_judged_together(
    run: Run, suite: Callable[..., Path]
) -> None:
    suite(
        more="""
@pytest.mark.requirement("HDR-1")
@pytest.mark.parametrize("filter", ["one", "two", "three"])
def test_of(filter, latency_findings, judged_together):
    assert judged_together == 3

@pytest.mark.requirement("HDR-1")
def test_of_something_else(judged_together):
    assert judged_together == 3
"""
    )

    assert run("suites", "--report-dir=out", "-k", "test_of").ret == 0
    assert run("suites", "--report-dir=out", "-k", "test_of and one").ret == 1
