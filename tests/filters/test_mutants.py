"""The deliberately wrong filters fit the sources of today."""

import tomllib
from collections import Counter

import pytest

from filters import build, mutants, sources
from filters.sources import HERE

ENTRY = """
[wrong]
filter = "headers cpp"
wrong = "says what is wrong"
file = "headers.cc"
old = "wasm::remove_header(map, name);"
new = "(void)name;"
caught_by = "something"
requirements = ["HDR-1"]
"""


def table(tmp_path, text):
    path = tmp_path / "mutants.toml"
    path.write_text(text)
    return path


def test_there_are_enough_mutants_of_both_filters_and_all_of_them_fit():
    count = Counter(mutant.source.contract for mutant in mutants.known())

    assert count["basic-auth"] >= 10
    assert count["headers"] >= 5


def test_every_mutant_says_in_one_line_what_is_wrong_and_what_catches_it():
    for mutant in mutants.known():
        assert 10 < len(mutant.wrong) < 120
        assert 10 < len(mutant.caught_by) < 120


def test_every_mutant_breaks_requirements_of_its_own_contract():
    catalogue = tomllib.loads((HERE.parent / "suites" / "requirements.toml").read_text("utf-8"))

    for mutant in mutants.known():
        assert mutant.requirements
        for requirement in mutant.requirements:
            assert catalogue[requirement]["contract"] == mutant.source.contract, mutant.name


def test_an_entry_becomes_a_source_with_one_edit(tmp_path):
    (mutant,) = mutants.known(table(tmp_path, ENTRY))

    assert (mutant.name, mutant.requirements) == ("wrong", ("HDR-1",))
    assert mutant.source.label == "wrong cpp"
    assert mutant.source.contract == "headers"
    assert mutant.source.edits[0].new == "(void)name;"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "wasm::remove_header(map, name);",
            "gone(name);",
            "wrong: .* occurs 0 times in headers.cc",
        ),
        ("wasm::remove_header(map, name);", "map", r"wrong: .* occurs \d+ times in headers.cc"),
        ('"headers.cc"', '"header.cc"', "wrong: .* occurs 0 times in header.cc"),
        ("headers cpp", "headers ada", "there is no filter 'headers ada'; there are basic-auth"),
        ("caught_by", "cought_by", "mutant wrong: missing or unknown: caught_by, cought_by"),
    ],
    ids=["outdated", "ambiguous", "no such file", "no such filter", "misspelt"],
)
def test_an_entry_that_does_not_fit_is_an_error(tmp_path, old, new, reason):
    assert old in ENTRY

    with pytest.raises(sources.InvalidSource, match=reason):
        mutants.known(table(tmp_path, ENTRY.replace(old, new)))


def test_an_unknown_mutant_names_the_known_ones():
    with pytest.raises(sources.InvalidSource, match=r"no mutant 'x'; there are post-unchecked, "):
        mutants.find("x")


def test_a_mutant_is_another_module_than_the_filter_it_was_made_of():
    mutant = mutants.find("denies-403").source
    original = next(s for s in sources.bundled() if s.contract == mutant.contract)

    assert build.build(mutant).sha256 != build.build(original).sha256
