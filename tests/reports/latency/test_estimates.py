from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.latency import Arm, Block, Estimates, Figure, Interval, Measurement, estimate
from reports.latency.interval import over_sessions
from reports.latency.levels import centred, pooled, quantile
from reports.latency.split import split
from tests.reports.latency.synthetic import Machine, measured

SMALL = measured(7, Machine(copies={"new": 2, "ref": 2}), sessions=3, rounds=3, requests=8)


def block(arm: Arm, *times: int, round: int = 0, session: int = 0, copy: int = 0) -> Block:
    return Block(
        session=session,
        round=round,
        arm=arm,
        copy=copy,
        durations=times,
        to_last_byte=[t + 100 for t in times],
        cpu_ns=10 * sum(times),
        requests=len(times),
        bad=0,
    )


def measurement(*blocks: Block) -> Measurement:
    lines = sum(len(each.durations) for each in blocks)
    return replace(SMALL, blocks=blocks, log_lines=lines)


def changed(change: Callable[[Block], Block]) -> Measurement:
    return replace(SMALL, blocks=tuple(change(each) for each in SMALL.blocks))


@pytest.mark.parametrize(
    ("ordered", "share", "value"),
    [([10, 20, 30, 40, 50], 0.25, 20), ([10, 20], 0.25, 12.5), ([7], 0.99, 7), ([1, 3], 1.0, 3)],
)
def test_a_quantile_lies_between_its_neighbours(
    ordered: list[int], share: float, value: float
) -> None:
    assert quantile(ordered, share) == value


def test_halves_are_averaged_and_a_rounds_speed_is_taken_out() -> None:
    blocks = [
        # 1000 and 1500, once at double speed; the halves of `new` are 1400 and 1600.
        block("none", 1000), block("new", 1400), block("new", 1600), block("none", 1000),
        block("none", 2000, round=1), block("new", 3000, round=1),
        block("new", 3000, round=1), block("none", 2000, round=1),
    ]  # fmt: skip

    levels = centred(blocks, lambda each: each.durations[0])

    assert levels["new", 0] / levels["none", 0] == pytest.approx(1.5)
    # The centres are sqrt(1000 · 1500) and twice that; their median, on a log scale, lies between.
    centre = (1000 * 1500) ** 0.5 * 2**0.5
    assert levels["none", 0] == pytest.approx(centre / 1.5**0.5)


def test_a_listener_that_misses_a_round_is_judged_by_the_others() -> None:
    blocks = [
        block("none", 1000), block("new", 1500),
        block("none", 1000, round=1),
        block("none", 1000, round=2), block("new", 1500, round=2),
    ]  # fmt: skip

    levels = centred(blocks, lambda each: each.durations[0])

    assert levels["new", 0] / levels["none", 0] == pytest.approx(1.5)


def test_tails_are_read_from_all_copies_of_an_arm_together() -> None:
    blocks = [block("new", *range(50)), block("new", *range(50, 101), copy=1)]

    assert pooled(blocks, lambda each: each.durations, 0.99) == {("new", 0): 99}


HAND: tuple[tuple[Arm, int, int], ...] = (
    ("none", 0, 1000),
    ("empty", 0, 1200),
    ("native", 0, 1100),
    ("ref", 0, 1390),
    ("ref", 1, 1410),
    ("new", 0, 1490),
    ("new", 1, 1510),
)


def test_the_chain_by_hand() -> None:
    found = estimate(
        measurement(
            *(
                block(arm, time * speed, session=session, copy=copy)
                for session, speed in enumerate((1, 2))
                for arm, copy, time in HAND
            )
        )
    )
    gate = found.figures["p25"]

    assert gate.level.values == pytest.approx((1000, 2000))
    assert gate.overheads["new"].values == pytest.approx((500, 1000))
    assert known(gate.delta).values == pytest.approx((0.25, 0.25))
    assert known(gate.change).values == pytest.approx((100, 200))
    assert known(gate.ratio).estimate == pytest.approx(5)
    assert known(gate.over_empty).values == pytest.approx((300, 600))
    # Copies of 390 and 410: the one is 4.9 % below the other, or 5.1 % above.
    assert abs(known(gate.aa).estimate) == pytest.approx(20 / 400, rel=0.03)
    assert (found.sessions, found.machines, found.requests) == (2, 2, 14)
    # CPU: ten times the duration; shown to the last byte: the duration.
    assert {part.name: round(part.cost.estimate) for part in split(found)} == {
        "entering the machine": 300,
        "the filter's code": 450,
        "after the last byte": (750 * 10 - 750),
    }


def known(interval: Interval | None) -> Interval:
    assert interval is not None
    return interval


def deltas(found: Estimates) -> list[float]:
    return [
        value
        for figure in found.figures.values()
        if figure.delta
        for value in (*figure.delta.values, figure.delta.low, figure.delta.high)
    ]


@given(factor=st.integers(2, 1000))
@settings(deadline=None, max_examples=20)
def test_a_machine_of_another_speed_finds_the_same_deltas(factor: int) -> None:
    slower = changed(
        lambda each: replace(
            each,
            durations=[t * factor for t in each.durations],
            to_last_byte=[t * factor for t in each.to_last_byte],
            cpu_ns=each.cpu_ns * factor,
        )
    )
    before, after = estimate(SMALL), estimate(slower)

    assert deltas(after) == pytest.approx(deltas(before), rel=1e-6, abs=1e-9)
    assert after.figures["p25"].overheads["new"].estimate == pytest.approx(
        before.figures["p25"].overheads["new"].estimate * factor
    )


@given(factors=st.tuples(*[st.integers(1, 50)] * 3))
@settings(deadline=None, max_examples=20)
def test_a_machine_that_changes_its_speed_between_rounds_finds_the_same_deltas(
    factors: tuple[int, int, int],
) -> None:
    drifting = changed(
        lambda each: replace(each, durations=[t * factors[each.round] for t in each.durations])
    )
    before, after = estimate(SMALL).figures, estimate(drifting).figures

    figures: tuple[Figure, ...] = ("p25", "p50", "mean")
    for figure in figures:
        assert known(after[figure].delta).values == pytest.approx(
            known(before[figure].delta).values, rel=1e-6, abs=1e-9
        )


@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_neither_the_order_of_blocks_nor_of_lines_matters(data: st.DataObject) -> None:
    order = data.draw(st.permutations(SMALL.blocks))
    shuffled = replace(
        SMALL, blocks=tuple(replace(each, durations=each.durations[::-1]) for each in order)
    )

    assert deltas(estimate(shuffled)) == pytest.approx(deltas(estimate(SMALL)))


@given(shift=st.integers(1, 9))
def test_swapping_candidate_and_reference_turns_the_sign(shift: int) -> None:
    def swap(each: Block) -> Block:
        arms: dict[Arm, Arm] = {"new": "ref", "ref": "new"}
        return replace(each, arm=arms.get(each.arm, each.arm), session=each.session * shift)

    before, after = estimate(SMALL).figures["p25"], estimate(changed(swap)).figures["p25"]

    turned = [-value for value in known(before.change).values]
    assert known(after.change).values == pytest.approx(turned)


def test_the_worst_of_three_copies_has_to_be_surer_than_one_alone() -> None:
    found = known(estimate(measured(7, sessions=4, rounds=3, requests=8)).figures["p25"].aa)
    alone = over_sessions(found.values, 0.95)
    surer = over_sessions(found.values, 1 - 0.05 / 3)

    assert (found.low, found.high) == pytest.approx((surer.low, surer.high))
    assert found.half_width > alone.half_width


def test_without_a_reference_there_is_a_cost_and_no_delta() -> None:
    alone = replace(SMALL, blocks=tuple(each for each in SMALL.blocks if each.arm != "ref"))
    gate = estimate(alone).figures["p25"]

    assert gate.delta is None
    assert gate.change is None
    assert gate.overheads["new"].estimate > 0
    assert gate.aa is not None


def test_a_tail_that_is_cheaper_than_none_is_measured_by_the_filters_own_cost() -> None:
    # Nine requests cost 100 more than without a filter; the tenth, the slow one, costs less.
    arms: dict[Arm, tuple[int, int]] = {
        "none": (1000, 9000),
        "ref": (1100, 8000),
        "new": (1100, 8500),
    }
    blocks = [
        block(arm, *[time] * 9, slow, session=session)
        for session in (0, 1)
        for arm, (time, slow) in arms.items()
    ]
    found = estimate(measurement(*blocks)).figures["p99.5"]

    assert found.overheads["ref"].estimate < 0
    assert known(found.delta).estimate == pytest.approx(known(found.change).estimate / 100)


def test_where_durations_are_not_to_be_had_cpu_time_is_judged() -> None:
    blind = replace(
        changed(lambda each: replace(each, durations=(), to_last_byte=())),
        clock="cpu",
        log_lines=None,
    )
    found = estimate(blind)

    assert found.gate == "cpu"
    assert list(found.figures) == ["cpu"]
    assert found.missing == 0


def test_a_block_whose_log_was_cut_off_is_counted_and_not_used() -> None:
    whole = [
        block(arm, time, time, session=session, copy=copy)
        for session in (0, 1)
        for arm, copy, time in HAND
    ]
    torn = [
        replace(block("new", 1, session=session), requests=2, cpu_ns=60_000) for session in (0, 1)
    ]
    found, cut = estimate(measurement(*whole)), estimate(measurement(*whole, *torn))

    assert (found.missing, cut.missing) == (0, 2)
    for figure in ("p25", "p50", "mean", "last-byte"):
        assert cut.figures[figure] == found.figures[figure]


def test_lines_that_belong_to_no_block_are_counted() -> None:
    assert estimate(replace(SMALL, log_lines=(SMALL.log_lines or 0) + 2)).missing == 2


def test_paths_are_figures_where_an_upstream_was_used() -> None:
    upstream = tuple(
        replace(
            each,
            durations=(),
            to_last_byte=(),
            request_path=[time + (900 if each.arm == "new" else 0) for time in each.durations],
            response_path=each.durations,
        )
        for each in SMALL.blocks
        if each.arm in ("none", "new")
    )
    lines = (SMALL.log_lines or 0) + sum(each.requests for each in upstream)
    found = estimate(replace(SMALL, upstream=upstream, log_lines=lines))

    assert found.missing == 0
    paths = [
        found.figures[name].overheads["new"].estimate for name in ("request-path", "response-path")
    ]
    assert paths[0] == pytest.approx(paths[1] + 900, rel=0.1)
    assert {"request path", "response path"} <= {part.name for part in split(found)}


def test_idle_is_a_figure_of_its_own() -> None:
    slower = tuple(
        replace(each, durations=[2 * time for time in each.durations]) for each in SMALL.blocks
    )
    lines = 2 * (SMALL.log_lines or 0)
    found = estimate(replace(SMALL, idle=slower, log_lines=lines))

    assert found.idle
    busy = found.figures["p25"].overheads["new"].estimate
    assert found.idle.overheads["new"].estimate == pytest.approx(2 * busy)
    assert found.missing == 0


@pytest.mark.parametrize(
    ("blocks", "named"),
    [
        ([each for each in SMALL.blocks if each.arm != "none"], "no blocks of none"),
        ([each for each in SMALL.blocks if each.arm != "new"], "no blocks of new"),
        ([each for each in SMALL.blocks if each.session == 0], "fewer than two of 1 sessions"),
    ],
)
def test_nothing_to_compare_is_an_error_that_says_so(blocks: list[Block], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        estimate(replace(SMALL, blocks=tuple(blocks)))


def test_a_second_look_adds_sessions_under_numbers_of_their_own() -> None:
    both = SMALL.extended(SMALL)

    assert both.sessions == (0, 1, 2, 3, 4, 5)
    assert estimate(both).missing == 0
    once, twice = estimate(SMALL).figures["p25"].delta, estimate(both).figures["p25"].delta
    assert known(twice).values == known(once).values * 2
