"""What a report holds of latency, and what stands beside it."""

import gzip
import json
from dataclasses import replace

import pytest

from reports.latency import stored
from reports.latency.assembly import point
from reports.latency.finding import SHARES, LatencyFinding
from reports.model import Report
from tests.reports.latency.sample import STATES, findings, found, report
from tests.reports.latency.synthetic import MEMORY, Machine, measured


def test_the_sample_has_every_state() -> None:
    assert tuple(each.state for each in findings()) == STATES


def test_a_finding_survives_the_way_through_json() -> None:
    for each in findings():
        assert LatencyFinding.model_validate_json(each.model_dump_json()) == each
    assert Report.model_validate_json(report().model_dump_json()) == report()


def test_every_listener_of_every_session_has_a_row() -> None:
    rows = findings()[0].table

    assert len(rows) == 4 * (1 + 1 + 1 + 3 + 3)
    assert (rows[0].session, rows[0].arm, rows[0].requests) == (0, "none", 10 * 2 * 40)
    assert list(rows[0].quantiles) == ["p10", "p25", "p50", "p75", "p90", "p99", "mean"]
    assert sorted(rows[0].quantiles.values())[0] == rows[0].quantiles["p10"]


def test_a_curve_rises_and_goes_through_the_known_shares() -> None:
    for curve in findings()[0].curves:
        assert len(curve.ns) == len(SHARES)
        assert list(curve.ns) == sorted(curve.ns)


def test_only_what_is_compared_has_a_threshold() -> None:
    with_reference, alone = findings()[0], findings()[3]

    limits = {each.figure: each.threshold for each in with_reference.figures}
    assert limits["p25"] == 0.03
    assert limits["last-byte"] is None
    assert {each.threshold for each in alone.figures} == {None}
    assert {each.state for each in alone.figures} == {None}


def test_history_divides_session_by_session() -> None:
    # Restarts move level and filter together by a tenth; their ratio hardly moves at all.
    each = findings()[0]
    cost = each.judged.overheads["new"]
    spread = (cost.high - cost.low) / cost.estimate
    ratio = point(each)

    assert ratio.overhead_ratio == pytest.approx(1200 / 3500, rel=0.02)
    assert (ratio.high - ratio.low) / ratio.overhead_ratio < spread / 3


def test_blocks_come_back_as_they_were_stored() -> None:
    measurement = measured(1, rounds=2, sessions=2, memory=MEMORY, facts={"proxy": "wheel"})
    again = stored.parse(stored.dump(measurement))

    assert again.environment == measurement.environment
    assert [list(each.durations) for each in again.blocks] == [
        list(each.durations) for each in measurement.blocks
    ]
    assert stored.dump(again) == stored.dump(measurement)
    # The time of compression, RFC 1952 section 2.3: a clock would make every file another one.
    assert stored.dump(measurement)[4:8] == bytes(4)


def test_a_quick_measurement_is_small_on_disk() -> None:
    assert len(stored.dump(measured(1))) < 300_000


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"text", "neither gzip nor JSON"),
        (gzip.compress(b"["), "neither gzip nor JSON"),
        (gzip.compress(b"[]"), "not a measurement of version 1"),
        (gzip.compress(b'{"version": 2}'), "not a measurement of version 1"),
        (gzip.compress(b'{"version": 1}'), "a key is missing"),
    ],
    # Not the bytes: gzip writes the time into them, and xdist's workers must agree on the names.
    ids=["text", "half a list", "a list", "another version", "without its keys"],
)
def test_what_is_no_measurement_is_refused_with_its_reason(content: bytes, named: str) -> None:
    with pytest.raises(stored.NotAMeasurement, match=named):
        stored.parse(content)


def test_columns_of_unequal_length_are_no_measurement() -> None:
    content = json.loads(gzip.decompress(stored.dump(measured(1, rounds=1, sessions=2))))
    content["blocks"]["round"].pop()

    with pytest.raises(stored.NotAMeasurement):
        stored.parse(gzip.compress(json.dumps(content).encode()))


def test_a_measurement_of_cpu_time_alone_has_rows_without_quantiles() -> None:
    blind = measured(1, Machine(), rounds=3)
    blocks = tuple(replace(each, durations=(), to_last_byte=()) for each in blind.blocks)
    each = found(1, blocks=blocks, clock="cpu", degraded="no operator", log_lines=None)

    assert each.gate == "cpu"
    assert each.curves == ()
    assert {len(row.quantiles) for row in each.table} == {0}
