"""What the proof of the stopwatch prints, and when it says that it is one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusters import waiting
from tests.runs import trials
from tests.runs.stopwatch import SEEDS, cases
from tests.runs.trials import Case, Trial

FOUND = Case("+5 %", "deep", "regression", 2)
SAME = Case("+0 %", "deep", "pass", 2)
AA = Case("+0 %, quick (A/A)", "quick", "", 3)


def one(case, state, change=0.0):
    return Trial(case, state, change, 0.006, 0.002, 24, 40.0, 0.3, 0.01, (f"{state}: seen",))


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
    assert told.startswith("NOT PROVEN: 1 trials are not as wanted: ")
    assert f"NOT {wrong.case.words}" in wrong.line(1)
    alarms = wrong.state in trials.ALARMS
    assert f"{alarms:d} false alarms in 5 runs" in told


def test_what_is_unfinished_is_no_proof_and_still_a_table():
    told, code = trials.verdict([FOUND, SAME, AA], GOOD[:3], 90.0, "interrupted")
    rows = list(trials.table([FOUND, SAME, AA], GOOD[:3]))

    assert code == 2
    assert told.startswith("UNFINISHED (interrupted): so far +5 % found in 2 of 2, 0 false alarms")
    assert told.endswith("(3 of 7 trials in 1.5 min)")
    assert rows[1].split()[:4] == ["+5", "%", "regression", "2/2"]
    assert rows[2].split()[:4] == ["+0", "%", "pass", "1/2"]
    assert rows[3].endswith("0/3  not tried")


def test_cases_are_chosen_by_name_and_their_seeds_differ():
    every = cases(10, "deep")

    assert [each.trials for each in trials.chosen(every, [])] == [10, 10, 10, 30]
    assert trials.chosen(every, ["aa"]) == [every["aa"]]
    assert every["aa"].mode == "quick"
    assert len({SEEDS[each.name] for each in every.values()}) == 4
    with pytest.raises(SystemExit, match="no case is called typo; known are injected, same"):
        trials.chosen(every, ["typo"])


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
    assert lines[-3].endswith("not tried")
    assert "Traceback" not in out.read_text()
