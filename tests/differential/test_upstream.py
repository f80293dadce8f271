"""Istio's own test inputs: the table of what became of each names sets that there are."""

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.differential import sets

INPUTS = tomllib.loads(Path(__file__).with_name("upstream.toml").read_text())["inputs"]
#: The folders and files that facts about Istio list as inputs in YAML, each at least once.
LISTED = (
    *("pkg/config/validation/testdata/crds/", "pkg/config/analysis/analyzers/testdata/"),
    *("pkg/test/datasets/validation/dataset/", "pilot/pkg/xds/testdata/ecds.yaml"),
    *("pilot/pkg/xds/testdata/benchmarks/", "tests/integration/telemetry/", "samples/bookinfo/"),
)


@pytest.mark.parametrize("one", INPUTS, ids=lambda one: one["name"])
def test_an_input_of_upstream_has_sets_or_a_reason(one):
    assert set(one) <= {"name", "sets", "why"}
    assert one.get("sets") or one.get("why")
    for pattern in one.get("sets", ()):
        found = [name for name in sets.known() if fnmatchcase(name, pattern)]
        assert found, f"{pattern}: no such document set; Hint: ls {sets.FOLDER}"
    assert one.get("why", ".").endswith(".")


@pytest.mark.parametrize("listed", LISTED)
def test_every_listed_input_is_in_the_table(listed):
    assert any(one["name"].startswith(listed) for one in INPUTS)


def test_the_sets_made_after_upstream_are_all_in_the_table():
    patterns = [pattern for one in INPUTS for pattern in one.get("sets", ())]
    made = [
        one.name
        for one in sets.known().values()
        if not one.is_base
        and (one.subject == "upstream" or one.name.startswith("published/rate-limit"))
    ]
    assert len(made) >= 20
    assert [name for name in made if not any(fnmatchcase(name, one) for one in patterns)] == []
