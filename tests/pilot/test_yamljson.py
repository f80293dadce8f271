"""YAML is read as the Go reader behind istiod reads it."""

from typing import Any

import pytest

from clusters.pilot.yamljson import YamlError, load, resolve

UNQUOTED: list[tuple[str, Any]] = [
    ("y", True),
    ("Y", True),
    ("yes", True),
    ("on", True),
    ("n", False),
    ("No", False),
    ("OFF", False),
    ("true", True),
    ("yEs", "yEs"),
    ("1e3", 1000),
    ("1e+3", 1000),
    ("1.5e3", 1500),
    ("1e400", "1e400"),
    ("0o17", 15),
    ("017", 15),
    ("08", 8),
    ("0o8", "0o8"),
    ("0x1F", 31),
    ("-0x1F", -31),
    ("0b11", 3),
    ("1_000", 1000),
    ("_1", "_1"),
    ("+12", 12),
    ("-5", -5),
    (".5", 0.5),
    ("5.", 5),
    ("1.10", 1.1),
    ("12:30", "12:30"),
    ("1:20:30", "1:20:30"),
    ("2021-01-02", "2021-01-02"),
    ("2021-01-02T10:00:00Z", "2021-01-02T10:00:00Z"),
    ("0s", "0s"),
    ("1.9.0", "1.9.0"),
    ("^1.9", "^1.9"),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("none", "none"),
    (".", "."),
    ("-", "-"),
    ("18446744073709551615", 18446744073709551615),
]


@pytest.mark.parametrize(("written", "meant"), UNQUOTED, ids=[one[0] for one in UNQUOTED])
def test_an_unquoted_scalar_means_what_go_makes_of_it(written: str, meant: Any) -> None:
    assert resolve(written) == meant
    assert type(resolve(written)) is type(meant)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('a: "y"', {"a": "y"}),
        ("a: 'n'", {"a": "n"}),
        ("a: !!str 5", {"a": "5"}),
        ("a: |\n  y\n", {"a": "y\n"}),
        ("y: 1", {"true": 1}),
        ("8080: 1", {"8080": 1}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a:", {"a": None}),
        ("[y, 1e3]", [True, 1000]),
    ],
)
def test_quotes_tags_keys_and_aliases(text: str, value: Any) -> None:
    (tree,) = load(text)
    assert tree.value == value


def test_empty_documents_are_left_out_and_lines_count_over_the_whole_text() -> None:
    trees = list(load("---\n---\na:\n  b:\n  - c\n---\n# nothing\n---\nd: 1\n"))
    assert [tree.value for tree in trees] == [{"a": {"b": ["c"]}}, {"d": 1}]
    assert trees[0].line_of(("a", "b", 0)) == 5
    assert trees[0].line_of(("a", "b", 7, "x")) == 4
    assert trees[1].line == 9


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: {b", 1, "did not find expected"),
        ("a: 1\nb:\n\t- c", 3, "cannot start any token"),
        ("a: 1\na: 2", 2, "the key 'a' is given twice"),
        ("y: 1\ntrue: 2", 2, "the key 'true' is given twice"),
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a: !thing 1", 1, "the tag !thing means nothing"),
        ("x: 1\na: .inf", 2, ".inf is no number that JSON can hold"),
        ("{[1]: 2}", 1, "a key must be a single word"),
        ("a: &x\n  <<: *y", 2, "undefined alias"),
        ("a: &x {b: 1}\nc:\n  <<: *x", 3, "merge keys"),
        ("&a [*a]", 1, "alias"),
        ("a: \x00", 1, "control characters"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(YamlError) as error:
        list(load(text))
    assert words in str(error.value)
    assert error.value.line == line
