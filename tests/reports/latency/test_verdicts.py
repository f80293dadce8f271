import random
from dataclasses import replace

import pytest

from reports.latency import (
    Arm,
    Budget,
    Estimates,
    Figure,
    FigureEstimate,
    Interval,
    State,
    Thresholds,
    judge,
)
from reports.latency.holm import surprising
from reports.latency.interval import over_sessions

THRESHOLDS = Thresholds()
STEADY = (-0.004, 0.004, -0.002, 0.002)
"""What four sessions of a quiet machine differ by: ±0.6 %."""


def around(middle: float, noise: tuple[float, ...] = STEADY) -> Interval:
    return over_sessions([middle + each for each in noise], 0.95)


def scaled(share: Interval, by: float) -> Interval:
    return over_sessions([value * by for value in share.values], 0.95)


def figure(
    name: Figure = "p25",
    delta: float | None = 0.0,
    noise: tuple[float, ...] = STEADY,
    *,
    cost: float = 1200.0,
    aa: Interval | None = None,
    over_empty: float = 270.0,
) -> FigureEstimate:
    change = None if delta is None else around(delta, noise)
    overheads: dict[Arm, Interval] = {
        "empty": scaled(around(1), cost - over_empty),
        "new": scaled(around(1 + (delta or 0), noise), cost),
    }
    if delta is not None:
        overheads["ref"] = scaled(around(1), cost)
    return FigureEstimate(
        figure=name,
        level=scaled(around(1), 3500),
        overheads=overheads,
        delta=change,
        change=scaled(change, cost) if change else None,
        aa=aa or around(0),
        ratio=None,
        over_empty=scaled(around(over_empty / 1000), 1000),
    )


def estimates(*figures: FigureEstimate, **changes: object) -> Estimates:
    found = Estimates(
        filter="basic-auth cpp",
        figures={each.figure: each for each in figures},
        idle=None,
        confidence=0.95,
        sessions=4,
        machines=3,
        requests=50_000,
        bad=0,
        missing=0,
        effect_asserted=True,
        gate=figures[0].figure,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


NOISY = (-0.03, 0.03, -0.02, 0.02)


@pytest.mark.parametrize(
    ("delta", "noise", "state"),
    [
        pytest.param(0.0, STEADY, "pass", id="nothing changed"),
        pytest.param(0.05, STEADY, "regression", id="five percent more"),
        pytest.param(-0.05, STEADY, "improvement", id="five percent less"),
        pytest.param(0.02, STEADY, "pass", id="more, but below what counts"),
        pytest.param(0.028, STEADY, "inconclusive", id="too near the threshold"),
        pytest.param(0.0, NOISY, "inconclusive", id="too noisy to pass"),
        pytest.param(0.04, NOISY, "inconclusive", id="too noisy to fail"),
        pytest.param(-0.028, STEADY, "pass", id="less is no harm"),
    ],
)
def test_the_gate_decides(delta: float, noise: tuple[float, ...], state: State) -> None:
    verdict = judge(estimates(figure(delta=delta, noise=noise)), THRESHOLDS)

    assert verdict.state == state
    assert verdict.figures == {"p25": state}
    assert verdict.second_look == (state == "inconclusive")
    assert verdict.reasons[0].startswith(f"{state}: ")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("pass", "pass"),
        ("improvement", "pass"),
        ("regression", "fail"),
        ("over-budget", "fail"),
        ("inconclusive", "inconclusive"),
        ("invalid", "invalid"),
    ],
)
def test_noise_is_neither_passed_nor_failed(state: State, outcome: str) -> None:
    verdict = replace(judge(estimates(figure()), THRESHOLDS), state=state)

    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    ("name", "delta", "state"),
    [
        ("mean", 0.5, "regression"),
        ("p99.5", 2.0, "regression"),
        ("cpu", 0.2, "regression"),
        ("mean", 0.06, "pass"),
        ("last-byte", 0.5, "pass"),
    ],
)
def test_a_guard_can_fail_what_the_gate_passes(name: Figure, delta: float, state: State) -> None:
    assert judge(estimates(figure(), figure(name, delta)), THRESHOLDS).state == state


def test_a_guard_too_noisy_to_tell_does_not_hold_up_the_gate() -> None:
    verdict = judge(estimates(figure(), figure("p99", 0.3, (-2.0, 2.0, -1.0, 1.0))), THRESHOLDS)

    assert (verdict.state, verdict.figures["p99"]) == ("pass", "inconclusive")


@pytest.mark.parametrize(("cost", "state"), [(500.0, "pass"), (700.0, "regression")])
def test_changes_below_thirty_nanoseconds_are_none(cost: float, state: State) -> None:
    # Five percent of 500 ns are 25.
    found = estimates(figure(delta=0.05, cost=cost, over_empty=100))

    assert judge(found, THRESHOLDS).state == state


@pytest.mark.parametrize(
    ("max_overhead", "state", "words"),
    [
        # The interval is 1200 ± 7: a budget is kept by all of it, and broken by all of it.
        (1208, "pass", "keeps"),
        (1206, "inconclusive", "reaches over"),
        (1194, "inconclusive", "reaches over"),
        (1100, "over-budget", "even the lower end, breaks"),
    ],
)
def test_a_budget_is_held_against_the_ends_of_the_interval(
    max_overhead: float, state: State, words: str
) -> None:
    for delta in (0.0, None):
        verdict = judge(estimates(figure(delta=delta)), THRESHOLDS, Budget(max_overhead))

        assert (verdict.state, verdict.second_look) == (state, state == "inconclusive")
        assert words in verdict.reasons[-1]


def test_noise_does_not_break_a_budget() -> None:
    # 1200 ± 110: more than the budget by chance as likely as not.
    noisy = estimates(figure(delta=None, noise=(-0.07, 0.09, -0.05, 0.03)))

    assert judge(noisy, THRESHOLDS, Budget(1150)).state == "inconclusive"
    assert judge(noisy, THRESHOLDS, Budget(1400)).state == "pass"


@pytest.mark.parametrize(("max_overhead", "state"), [(1300, "pass"), (1100, "inconclusive")])
def test_cpu_time_can_keep_a_budget_and_not_break_it(max_overhead: float, state: State) -> None:
    verdict = judge(estimates(figure("cpu", None)), THRESHOLDS, Budget(max_overhead))

    assert verdict.state == state
    assert ("keeps" if state == "pass" else "cannot be held against") in verdict.reasons[-1]


@pytest.mark.parametrize(("asserted", "state"), [(True, "pass"), (False, "inconclusive")])
def test_a_filter_that_may_do_nothing_is_not_passed_unseen(asserted: bool, state: State) -> None:
    # 20 ns more than an empty filter, give or take 130.
    unsure = replace(
        figure(delta=None), over_empty=over_sessions([-60.0, 100.0, -40.0, 80.0], 0.95)
    )
    verdict = judge(estimates(unsure, effect_asserted=asserted), THRESHOLDS)

    assert verdict.state == state
    assert ("which may be nothing" in "".join(verdict.reasons)) != asserted


APART = over_sessions([0.02, 0.021, 0.022, 0.02], 0.95)
LIKE_NONE = figure(cost=5.0, over_empty=-900)
CHEAP = figure(cost=300.0, over_empty=-700)
LIKE_EMPTY = figure(over_empty=1)


@pytest.mark.parametrize(
    ("found", "named"),
    [
        pytest.param(estimates(figure(), bad=3), "3 of 50000 replies were wrong", id="wrong"),
        pytest.param(estimates(figure(), missing=7), "7 of 50000 requests do not", id="log"),
        pytest.param(estimates(figure(aa=APART)), "differ by +2.1 %", id="copies"),
        pytest.param(estimates(LIKE_NONE), "as if no filter were there", id="none"),
        pytest.param(estimates(CHEAP), "less than half of an empty filter", id="not-entered"),
        pytest.param(
            estimates(LIKE_EMPTY, effect_asserted=False), "what an empty filter costs", id="empty"
        ),
    ],
)
def test_a_spoilt_measurement_is_invalid_whatever_it_shows(found: Estimates, named: str) -> None:
    verdict = judge(found, THRESHOLDS, Budget(1))

    assert verdict.state == "invalid"
    assert named in verdict.reasons[0]
    assert not verdict.second_look
    assert verdict.run_again == (found.bad == 0)


@pytest.mark.parametrize(
    "aa",
    [
        pytest.param(over_sessions([0.03, -0.01, 0.04, 0.02], 0.95), id="far but unsure"),
        pytest.param(over_sessions([0.01, 0.011, 0.012, 0.01], 0.95), id="sure but near"),
    ],
)
def test_copies_that_differ_a_little_or_by_chance_spoil_nothing(aa: Interval) -> None:
    assert judge(estimates(figure(aa=aa)), THRESHOLDS).state == "pass"


def test_a_filter_like_the_empty_one_is_named_where_its_effect_was_seen() -> None:
    verdict = judge(estimates(LIKE_EMPTY), THRESHOLDS)

    assert verdict.state == "pass"
    assert "cannot be told from an empty filter" in verdict.reasons[-1]


def test_a_cost_that_cannot_be_told_from_nothing_decides_nothing() -> None:
    verdict = judge(estimates(figure(delta=None, noise=(-3, 3, -2, 2))), THRESHOLDS)

    assert (verdict.state, verdict.second_look) == ("inconclusive", True)


def test_a_filter_that_shows_nothing_and_may_cost_nothing_decides_nothing() -> None:
    noisy = figure(over_empty=0.0, delta=None)
    noisy = replace(noisy, over_empty=over_sessions([-400.0, 380.0, -250.0, 300.0], 0.95))

    verdict = judge(estimates(noisy, effect_asserted=False), THRESHOLDS)

    assert verdict.state == "inconclusive"
    assert "may be nothing, and no reply shows that it did anything" in verdict.reasons[-1]
    assert judge(estimates(noisy), THRESHOLDS).state == "pass"


def test_many_filters_have_to_be_surer_of_a_change() -> None:
    # Alone it stands with p = 0.02; among eight filters it would have to be below 0.006.
    shaky = estimates(figure(delta=0.05, noise=(-0.025, 0.025, -0.015, 0.015)))

    assert judge(shaky, THRESHOLDS).state == "regression"
    assert judge(shaky, THRESHOLDS, among=8).state == "inconclusive"


def test_many_filters_have_to_be_surer_of_a_broken_budget() -> None:
    # 1200 ± 45 over four sessions: p = 0.04.
    shaky = estimates(figure(delta=None, noise=(-0.025, 0.025, -0.015, 0.015)))

    assert judge(shaky, THRESHOLDS, Budget(1150)).state == "over-budget"
    among = judge(shaky, THRESHOLDS, Budget(1150), among=8)
    assert (among.state, among.second_look) == ("inconclusive", True)
    assert "is not surely above it" in among.reasons[-1]


def test_a_sure_change_stands_among_many_filters() -> None:
    sure = estimates(figure(delta=0.05, noise=(-0.001, 0.001, 0, 0)))

    assert judge(sure, THRESHOLDS, among=8).state == "regression"
    assert judge(estimates(figure()), THRESHOLDS, among=8).state == "pass"


def test_what_stands_alone_would_stand_if_all_were_decided_together() -> None:
    dice = random.Random(1)
    for _ in range(200):
        families = [{n: dice.random() ** 4 for n in range(3)} for _ in range(5)]
        together = surprising(
            {(name, n): p for name, family in enumerate(families) for n, p in family.items()}, 0.05
        )
        for name, family in enumerate(families):
            alone = surprising(family, 0.05, families=len(families))
            assert {(name, n) for n in alone} <= together


@pytest.mark.parametrize(
    ("among", "least", "most"),
    [
        # Eight filters that each may be wrong once in twenty: 1 − 0.95⁸ = 34 %.
        pytest.param(1, 0.24, 0.44, id="each filter for itself"),
        pytest.param(8, 0.0, 0.08, id="all filters of the run"),
    ],
)
def test_eight_filters_raise_no_more_false_alarms_than_one(
    among: int, least: float, most: float
) -> None:
    """Simulate runs of eight unchanged filters where anything significant is a regression."""
    dice, runs, filters = random.Random(7), 250, 8
    anything = Thresholds(p25=1e-9, p50=1e-9, mean=1e-9, p99=1e-9, cpu=1e-9, floor_ns=0, aa=9)
    judged_figures: tuple[Figure, ...] = ("p25", "p50", "mean", "p99", "cpu")

    def unchanged() -> Estimates:
        noise = {each: tuple(dice.gauss(0, 0.01) for _ in range(6)) for each in judged_figures}
        return estimates(*(figure(name, 0.0, noise[name]) for name in judged_figures))

    def alarmed() -> bool:
        # A slower filter and a faster one are claims alike, and both would be wrong.
        states = {
            state
            for _ in range(filters)
            for state in judge(unchanged(), anything, among=among).figures.values()
        }
        return bool(states & {"regression", "improvement"})

    share = sum(alarmed() for _ in range(runs)) / runs

    assert least <= share <= most
