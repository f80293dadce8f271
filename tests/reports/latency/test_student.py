import pytest

from reports.latency.holm import surprising
from reports.latency.interval import over_sessions
from reports.latency.student import p_value, quantile


@pytest.mark.parametrize(
    ("freedom", "at_95", "at_975"),
    # Two-sided quantiles from printed tables.
    [(1, 12.706, 25.452), (3, 3.182, 4.177), (5, 2.571, 3.163), (11, 2.201, 2.593)],
)
def test_quantiles_are_those_of_the_tables(freedom: int, at_95: float, at_975: float) -> None:
    assert quantile(0.95, freedom) == pytest.approx(at_95, abs=5e-4)
    assert quantile(0.975, freedom) == pytest.approx(at_975, abs=5e-4)


@pytest.mark.parametrize("freedom", [1, 3, 11, 200])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_a_quantile_leaves_out_what_it_is_asked_to(confidence: float, freedom: int) -> None:
    assert p_value(quantile(confidence, freedom), freedom) == pytest.approx(1 - confidence)


@pytest.mark.parametrize(("confidence", "freedom"), [(0, 3), (1, 3), (0.95, 0)])
def test_there_is_no_quantile_outside_its_range(confidence: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        quantile(confidence, freedom)


def test_an_interval_is_the_mean_and_its_standard_errors() -> None:
    found = over_sessions([1.0, 2.0, 3.0, 6.0], 0.95)

    assert found.estimate == 3
    # The standard deviation is 2.16, the standard error 1.08, times 3.182.
    assert (found.low, found.high) == pytest.approx((-0.437, 6.437), abs=1e-3)
    assert found.p_value == pytest.approx(0.069, abs=1e-3)
    assert not found.excludes(0)
    assert found.excludes(7)


@pytest.mark.parametrize(("values", "p"), [([2.0, 2.0], 0.0), ([0.0, 0.0], 1.0)])
def test_sessions_that_agree_wholly_are_sure(values: list[float], p: float) -> None:
    assert over_sessions(values, 0.95).p_value == p


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_session_has_no_interval(values: list[float]) -> None:
    with pytest.raises(ValueError, match="two sessions or more"):
        over_sessions(values, 0.95)


@pytest.mark.parametrize(
    ("p_values", "standing"),
    [
        ({"a": 0.04}, "a"),
        ({"a": 0.04, "b": 0.5}, ""),
        ({"a": 0.02, "b": 0.04}, "ab"),
        ({"a": 0.01, "b": 0.03, "c": 0.6}, "a"),
        ({"a": 0.06, "b": 0.07}, ""),
        ({}, ""),
    ],
)
def test_many_claims_have_to_be_surer_than_one(p_values: dict[str, float], standing: str) -> None:
    assert surprising(p_values, 0.05) == set(standing)
