import pytest

from reports.crash import expected_and_actual


@pytest.mark.parametrize(
    ("message", "expected", "actual"),
    [
        ("assert 200 == 401", "401", "200"),
        ("AssertionError: assert None == 'on'\n +  where None = x", "'on'", "None"),
        ("AssertionError: the gate stayed open\nassert 200 == 401", "401", "200"),
        ("assert 'a == b' == 'c'", "'c'", "'a == b'"),
        (r"assert 'it\'s == x' == 'c'", "'c'", r"'it\'s == x'"),
        ("assert <Reply 200 == x> == 401", "401", "<Reply 200 == x>"),
        ("assert [1, (2 == 3)] == []", "[]", "[1, (2 == 3)]"),
        ("assert 3 < 2", "< 2", "3"),
        ("assert 3 <= 2", "<= 2", "3"),
        ("assert 1 != 1", "!= 1", "1"),
        ("assert 'a' in ['b']", "contains 'a'", "['b']"),
        ("assert 'a' not in ['a']", "does not contain 'a'", "['a']"),
        ("assert 1 is None", "None", "1"),
        ("assert None is not None", "is not None", "None"),
        ("assert False", "", "False"),
        ("assert not True", "", "not True"),
        ("KeyError: 'x-suite'", "", "KeyError: 'x-suite'"),
        ("first line\nsecond line", "", "first line"),
        ("", "", ""),
    ],
)
def test_a_crash_message_tells_what_was_expected_and_what_came(
    message: str, expected: str, actual: str
) -> None:
    assert expected_and_actual(message) == (expected, actual)
