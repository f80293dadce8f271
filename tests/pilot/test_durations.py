"""Durations are read as Go reads them and written as protobuf's JSON."""

import pytest

from clusters.pilot.durations import nanoseconds, to_json


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("0", "0s"),
        ("0s", "0s"),
        ("1s", "1s"),
        ("1.5s", "1.500s"),
        (".5s", "0.500s"),
        ("1.s", "1s"),
        ("100ms", "0.100s"),
        ("1us", "0.000001s"),
        ("1µs", "0.000001s"),
        ("1ns", "0.000000001s"),
        ("1h30m", "5400s"),
        ("1m0.25s", "60.250s"),
        ("-1.5s", "-1.500s"),
        ("+2s", "2s"),
    ],
)
def test_a_duration_is_written_in_seconds(written: str, sent: str) -> None:
    assert to_json(written) == sent


@pytest.mark.parametrize(
    "written", ["", "1", "s", "1 s", "1d", "1s1", "soon", "--1s", "1.2.3s", "1S"]
)
def test_what_go_does_not_read_is_no_duration(written: str) -> None:
    assert nanoseconds(written) is None
    with pytest.raises(ValueError, match="is no duration"):
        to_json(written)
