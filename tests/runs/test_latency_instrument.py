"""The stopwatch tells a slower filter from an equal one, and what went wrong from what is fast.

The short form: `python -m tests.runs.stopwatch` repeats its first part ten times over.
"""

import sys
from dataclasses import replace

import pytest

from clusters import processes
from clusters.local import envoy
from clusters.stopwatch import accesslog, clock, driver, session, stopwatch
from reports import latency
from suites.latency.looks import measured
from tests.runs.stopwatch import NOTHING, UNPROMISED, bench, every_core_busy

#: About 200 µs: a tail that the p25 does not see.
SLOW_STEPS = 125_000
TRIALS = 2
UNDECIDED = ("inconclusive", "invalid")
#: The seed of a further measurement, beside that of the first.
FURTHER = 50


@pytest.fixture(scope="module")
def bench_():
    with bench() as made:
        yield made


class Trials:
    """The trials of this form, each measured when it is first asked for."""

    def __init__(self, bench):
        self._bench = bench
        self._seen = {}

    def regression(self, number):
        return self._of(100 + number, self._bench.injected)

    def unchanged(self, number):
        return self._of(200 + number, lambda: NOTHING)

    def all(self):
        return [of(number) for of in (self.regression, self.unchanged) for number in range(TRIALS)]

    def _of(self, seed, work):
        if seed not in self._seen:
            told = work()
            self._seen[seed] = further(lambda more: self._bench.compared(seed + more, work=told))
        return self._seen[seed]


@pytest.fixture(scope="module")
def trials(bench_):
    return Trials(bench_)


@pytest.fixture
def alone(request):
    """Leave out what another worker would disturb."""
    if hasattr(request.config, "workerinput"):
        pytest.skip(
            "a stopwatch is not tested beside other workers\n"
            "Hint: pytest tests/runs/test_latency_instrument.py -n 0"
        )


@pytest.fixture
def brief(monkeypatch):
    """Measure no longer than it takes to see that nothing is right."""
    plan = session.Plan(busy=0.2, idle=0, ways=0)
    effort = stopwatch.Effort(least=3, most=3, seconds=0, plan=plan)
    monkeypatch.setattr(stopwatch, "QUICK", effort)
    monkeypatch.setattr(stopwatch, "QUICK_COMPARED", effort)


def further(measure):
    """Measure anew, once, what two looks left undecided: a measurement, whatever it says."""
    found = measure(0)
    return measure(FURTHER) if found.verdict.outcome in UNDECIDED else found


def decided(found):
    """Leave a trial undecided that noise has spoilt, as a run does: it is neither one nor other."""
    if found.verdict.outcome in UNDECIDED:
        pytest.skip(f"{found.verdict.state}: {'; '.join(found.verdict.reasons)}")
    return found.verdict.state


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("trial", range(TRIALS))
def test_five_percent_more_is_a_regression(trials, trial):
    assert decided(trials.regression(trial)) == "regression"


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("trial", range(TRIALS))
def test_the_same_module_again_passes(trials, trial):
    assert decided(trials.unchanged(trial)) == "pass"


@pytest.mark.usefixtures("alone")
def test_some_trial_is_decided(trials, capsys):
    """Where each may be left undecided, all of them would prove nothing and look like a success."""
    seen = trials.all()
    certain = [found for found in seen if found.verdict.outcome not in UNDECIDED]
    with capsys.disabled():
        print(f"\ninstrument: {len(certain)} of {len(seen)} decided")

    assert certain, "\n".join(
        f"{found.verdict.state}: {'; '.join(found.verdict.reasons)}" for found in seen
    )


@pytest.mark.usefixtures("alone")
def test_no_regression_is_seen_where_every_core_is_busy(bench_):
    with every_core_busy():
        found = bench_.compared(300, work=NOTHING)

    assert found.verdict.state in ("pass", "inconclusive", "invalid", "improvement")
    assert found.verdict.state != "improvement", found.verdict.reasons


@pytest.mark.usefixtures("alone")
def test_a_slow_tail_is_a_regression_that_the_p25_does_not_see(bench_):
    found = further(lambda more: bench_.compared(400 + more, work=f"0 100 {SLOW_STEPS}"))

    assert decided(found) == "regression"
    assert found.verdict.figures["p25"] != "regression"
    assert "regression" in {found.verdict.figures[name] for name in ("mean", "p99", "p99.5")}


def test_a_filter_that_does_nothing_is_invalid_and_not_fast(bench_, brief):
    found = measured(latency, bench_.watch, bench_.subject(new=("empty", "")), seed=1)

    assert found.verdict.state == "invalid"
    # Of the three machines of the filter, and only of them.
    requests = sum(block.requests for block in found.measurement.blocks if block.arm == "new")
    assert found.estimates.bad == requests
    assert found.complaints[0].startswith("new-0: HTTP/1.1 200 OK; ")


@pytest.mark.usefixtures("alone")
def test_a_module_that_promises_nothing_and_does_nothing_does_not_pass(bench_):
    subject = bench_.subject(UNPROMISED, empty=("empty", ""), new=("empty", ""))

    found = measured(latency, bench_.watch, subject, seed=1)

    assert found.estimates.bad == 0
    assert found.verdict.outcome in ("invalid", "inconclusive")
    assert any("no reply shows" in reason for reason in found.verdict.reasons)


@pytest.mark.usefixtures("brief")
def test_a_log_that_was_cut_off_is_invalid(bench_, monkeypatch):
    whole = accesslog.read
    monkeypatch.setattr(accesslog, "read", lambda text: whole(text[: len(text) * 9 // 10]))

    found = bench_.compared(500, work=NOTHING)

    assert found.estimates.missing > 0
    assert found.verdict.state == "invalid"


@pytest.mark.usefixtures("brief")
def test_requests_of_somebody_else_in_the_log_are_invalid(bench_, monkeypatch):
    whole = accesslog.read
    monkeypatch.setattr(accesslog, "read", lambda text: whole(text + "999999 1 1\n"))

    found = bench_.compared(500, work=NOTHING)

    assert found.estimates.missing > 0
    assert found.verdict.state == "invalid"


@pytest.mark.usefixtures("brief")
def test_a_proxy_that_dies_says_so(bench_, monkeypatch):
    crash = bench_.subject(new=("trap", ""))
    dying, started = driver.Driver._burst, []
    serving = session.serving

    def noted(process, proxy):
        started.append(process)
        return serving(process, proxy)

    def kill(self, client, *rest):
        started[-1].child.kill()
        started[-1].child.wait()
        return dying(self, client, *rest)

    monkeypatch.setattr(session, "serving", noted)
    monkeypatch.setattr(driver.Driver, "_burst", kill)

    with pytest.raises(processes.ProcessFailed, match=r"Envoy ended by itself \(signal SIGKILL\)"):
        measured(latency, bench_.watch, crash, seed=1)


@pytest.mark.parametrize(
    ("together", "arms", "sessions"),
    [
        (1, {"new": ("works", NOTHING)}, 3),
        (1000, {"new": ("works", NOTHING)}, 2),
        (1000, {"new": ("works", NOTHING), "ref": ("works", NOTHING)}, 3),
    ],
    ids=["alone", "with others", "with others and a reference"],
)
def test_filters_share_the_seconds_but_not_those_of_a_comparison(
    bench_, monkeypatch, together, arms, sessions
):
    effort = stopwatch.Effort(least=2, most=3, seconds=300, plan=session.Plan(0.2, 0, 0))
    monkeypatch.setattr(stopwatch, "QUICK", effort)
    monkeypatch.setattr(stopwatch, "QUICK_COMPARED", effort)
    watch, subject = replace(bench_.watch, together=together), bench_.subject(**arms)

    seen = watch.measure(subject.arms, subject.load, seed=1)

    assert len(seen.sessions) == sessions


def test_the_wheels_envoy_has_the_clock():
    assert clock.why_without(envoy.find(None)) == ""


def test_an_envoy_without_the_clock_is_asked_and_not_started(tmp_path):
    old = tmp_path / "envoy"
    old.write_text(
        f"#!{sys.executable}\nimport sys\nassert sys.argv[1:3] == ['--mode', 'validate']\n"
        "print('Not supported field in StreamInfo: COMMON_DURATION')\nsys.exit(1)\n"
    )
    old.chmod(0o755)

    assert clock.why_without(envoy.Binary(old, "1.20.0")) == (
        "Not supported field in StreamInfo: COMMON_DURATION"
    )


@pytest.mark.usefixtures("brief")
def test_without_the_clock_cpu_time_is_judged_with_its_wider_threshold(monkeypatch):
    """By a real Envoy that is asked for an operator it does not know, as an older one would be.

    The oldest Envoy that there is a wheel of, 1.36.2, has the operator.
    """
    monkeypatch.setattr(accesslog, "OPERATOR", "LATER_DURATION")
    configured, logs = accesslog.config, list[str]()

    def noted(path, spans):
        logs.append(str(configured(path, spans)))
        return configured(path, spans)

    with bench() as made:
        monkeypatch.setattr(accesslog, "config", noted)
        found = made.compared(600, work=NOTHING)

    assert logs
    assert not any("LATER_DURATION" in log for log in logs), "such a proxy would refuse it"
    assert found.measurement.clock == "cpu"
    words = "Not supported field in StreamInfo: LATER_DURATION"
    assert found.measurement.degraded == f"Envoy says: {words}"
    assert list(found.estimates.figures) == ["cpu"]
    assert found.estimates.gate == "cpu"
    assert latency.Thresholds().of("cpu") == 0.15
    assert found.verdict.figures.keys() == {"cpu"}
    assert found.estimates.bad == 0
