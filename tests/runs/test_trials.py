"""What the proof of the stopwatch prints, and when it says that it is one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusters import waiting
from clusters.stopwatch.environment import Disturbance, Machine
from reports import latency
from suites.latency.looks import CONFIDENCE_OF_TWO_LOOKS, Measured
from tests.reports.latency import synthetic
from tests.runs import trials
from tests.runs.stopwatch import SEEDS, cases
from tests.runs.trials import Case, Trial

FOUND = Case("+5 %", "deep", "regression", 2)
SAME = Case("+0 %", "deep", "pass", 2)
AA = Case("+0 %, quick (A/A)", "quick", "", 3)
SOON = Case("+5 %, quick", "quick", "regression", 2)
CROWDED = Case("+0 %, every core busy", "quick", "", 1, crowded=True)
SETTING = trials.Setting(
    "2026-11-30 23:00+00:00",
    "2026-11-30 23:40+00:00",
    Machine("EPYC", 2, (6.6, 5.8, 3.1), "Linux 6.1", hypervisor=True),
    Disturbance(steal=0.012, foreign=0.4),
    "1.40.0",
)


def one(case, state, change=0.0, half_width=0.006, seconds=9.0):
    seen = (f"{state}: seen",)
    return Trial(case, state, change, half_width, 0.002, 24, seconds, 0.3, 0.01, seen)


def target(words, *given):
    return next(each for each in trials.targets(given) if words in each.wanted)


GOOD = [
    *[one(FOUND, "regression", 0.05)] * 2,
    *[one(SAME, "pass")] * 2,
    *[one(AA, "pass"), one(AA, "inconclusive"), one(AA, "invalid")],
]
WRONG = [
    (0, one(FOUND, "inconclusive", 0.04)),
    (0, one(FOUND, "pass", 0.01)),
    (2, one(SAME, "inconclusive")),
    (2, one(SAME, "regression", 0.04)),
    (4, one(AA, "regression", 0.05)),
    (4, one(AA, "improvement", -0.05)),
]


def test_all_trials_as_wanted_are_a_proof():
    told, code = trials.verdict([FOUND, SAME, AA], GOOD, 300.0)

    assert code == 0
    assert told == (
        "PROVEN: +5 % found in 2 of 2, 0 false alarms in 5 runs of the same module"
        " (7 of 7 trials in 5.0 min)"
    )


@pytest.mark.parametrize(("at", "wrong"), WRONG, ids=lambda each: getattr(each, "state", each))
def test_one_trial_that_is_not_as_wanted_is_none(at, wrong):
    told, code = trials.verdict([FOUND, SAME, AA], [*GOOD[:at], wrong, *GOOD[at + 1 :]], 300.0)

    assert code == 1
    assert told.startswith("NOT PROVEN: 1 trials are not as wanted")
    assert f"NOT {wrong.case.words}" in wrong.line(1)
    alarms = wrong.state in trials.ALARMS
    assert f"{alarms:d} false alarms in 5 runs" in told


def test_what_is_unfinished_is_no_proof_and_still_a_table():
    told, code = trials.verdict([FOUND, SAME, AA], GOOD[:3], 90.0, "interrupted")
    rows = list(trials.table([FOUND, SAME, AA], GOOD[:3], SETTING))[1:]

    assert code == 2
    assert told.startswith("UNFINISHED (interrupted): so far +5 % found in 2 of 2, 0 false alarms")
    assert told.endswith("(3 of 7 trials in 1.5 min)")
    assert rows[1].split()[:4] == ["+5", "%", "regression", "2/2"]
    assert rows[2].split()[:4] == ["+0", "%", "pass", "1/2"]
    assert rows[3].endswith("0/3  not tried")


def test_cases_are_chosen_by_name_and_their_seeds_differ():
    every = cases(10, "deep")

    assert [each.trials for each in trials.chosen(every, [])] == [10, 10, 10, 10, 30]
    assert trials.chosen(every, ["aa"]) == [every["aa"]]
    assert every["aa"].mode == "quick"
    assert len({SEEDS[each.name] for each in every.values()}) == 5
    with pytest.raises(SystemExit, match="no case is called typo; known are injected, same"):
        trials.chosen(every, ["typo"])


def test_the_table_begins_with_where_and_when_it_was():
    first, head, row, *_ = trials.table(
        [AA], [one(AA, "pass"), one(AA, "pass", 0, 0.02, 16.04)], SETTING
    )

    assert first == (
        "2026-11-30 23:00+00:00 to 2026-11-30 23:40+00:00; EPYC, 2 cores, a virtual machine;"
        " Linux 6.1; load at the beginning 6.6, 5.8, 3.1; steal 1.2%, others used 40% of the CPU;"
        " Envoy 1.40.0"
    )
    assert "95 % half-width" in head
    assert "1.30% ≤ 2.00%    12.5 ≤ 16.0" in row


def test_the_half_width_that_is_told_is_that_of_95_percent():
    """What is judged is surer, for a second look may follow."""
    seen = synthetic.measured(1)
    decides = latency.estimate(seen, confidence=CONFIDENCE_OF_TWO_LOOKS)
    verdict = latency.judge(decides, latency.Thresholds())

    told = trials.trial(AA, Measured(seen, decides, verdict, None, ()), 9.0).half_width

    plain = latency.estimate(seen, confidence=0.95).figures["p25"].delta
    wider = decides.figures["p25"].delta
    assert plain
    assert wider
    assert told == plain.half_width < wider.half_width


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("half-width", one(AA, "pass", half_width=0.011)),
        ("≤ 10 s", one(AA, "pass", seconds=10.1)),
        ("≤ 20 s", one(SOON, "regression", 0.05, seconds=20.1)),
        ("≤ 20 s", one(SOON, "inconclusive", 0.04)),
        ("false alarms", one(AA, "regression", 0.05)),
    ],
)
def test_a_number_that_was_missed_is_named_and_nothing_is_proven(words, wrong):
    told, code = trials.verdict([wrong.case], [wrong] * wrong.case.trials, 30.0)

    assert target(words, wrong).met is False
    assert target(words, wrong).line().startswith("MISSED ")
    assert code == 1
    assert told.startswith("NOT PROVEN: ")
    assert f"missed: {target(words, wrong).wanted}" in told


def test_the_median_trial_is_what_a_quick_measurement_is_held_to():
    """A second look takes longer, and one look of many may be wide; how many is told."""
    given = [one(AA, "pass"), one(AA, "pass"), one(AA, "pass", half_width=0.03, seconds=16.0)]

    width, seconds = target("half-width", *given), target("≤ 10 s", *given)

    assert width.met
    assert width.seen == "0.60% ≤ 3.00%, above it 1 of 3 trials"
    assert seconds.met
    assert seconds.seen == "9.0 ≤ 16.0, above it 1 of 3 trials"


def test_no_number_is_met_by_trials_that_were_not_made():
    deep_or_crowded = [*GOOD[:4], one(CROWDED, "pass", half_width=0.05, seconds=60.0)]

    assert [each.met for each in trials.targets(deep_or_crowded)] == [None] * 4
    assert target("≤ 20 s").seen == "python -m tests.runs.stopwatch 10 quick injected"
    assert target("A/A", one(AA, "pass")).met is None, "one run is not thirty"
    assert target("A/A", *[one(AA, "pass")] * 30).met


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_proof_tells_what_it_has(tmp_path, how):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tests.runs.stopwatch", "1", "quick", "aa", "same"]
    with out.open("w") as file:
        run = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=file, stderr=file)
        try:
            waiting.until(
                out.read_text,
                lambda text: "  1/3  " in text or "Error" in text,
                what="the first trial",
                within=180.0,
                every=0.1,
            )
            os.kill(run.pid, how)
            assert run.wait(60) == 2
        finally:
            run.kill()

    lines = out.read_text().splitlines()
    assert lines[-1].startswith("UNFINISHED (interrupted): so far 0 false alarms in 1 runs of ")
    assert [line for line in lines if line.startswith("+0 %  ") and line.endswith("not tried")]
    assert "Traceback" not in out.read_text()
