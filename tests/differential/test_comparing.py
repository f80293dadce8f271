"""The comparison sees what differs, keeps what it is given, accepts nothing without a reason."""

from pathlib import Path
from typing import Any

import pytest

from tests.differential import accepted, asking, golden
from tests.differential.accepted import Accepted
from tests.differential.differences import MISSING, Difference, compact, differences, expand
from tests.differential.normalising import RESOURCE_VERSION, normalised
from tests.differential.sets import DocumentSet, known

PAIRS: list[tuple[Any, Any, list[str]]] = [
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1}, {"a": 2}, ["a"]),
    ({"a": 1}, {"a": True}, ["a"]),
    ({"a": {}}, {}, ["a"]),
    ({}, {"a": None}, ["a"]),
    ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["a > 1 > b"]),
    ({"a": [1, 2]}, {"a": [2, 1]}, ["a > 0", "a > 1"]),
    ({"a": [1]}, {"a": [1, 2]}, ["a"]),
    ({"a": []}, {"a": {}}, ["a"]),
]


@pytest.mark.parametrize(("left", "right", "places"), PAIRS)
def test_every_place_that_differs_is_found(left: Any, right: Any, places: list[str]) -> None:
    assert [one.place for one in differences(left, right)] == places


@pytest.mark.parametrize(("left", "right", "places"), PAIRS)
def test_what_is_kept_as_differences_comes_back_whole(
    left: Any, right: Any, places: list[str]
) -> None:
    assert expand(left, compact(left, right)) == right


def test_answers_are_kept_as_differences_from_the_base(tmp_path: Path) -> None:
    base = DocumentSet("s/base", "", (), ())
    one = DocumentSet("s/one", "", (), ())
    answers: dict[DocumentSet, dict[str, Any]] = {
        base: {"clusters": {"a": {"x": 1}, "b": 2}},
        one: {"clusters": {"a": {"x": 2}}},
    }
    golden.write("1.0", [(base, answers[base])], tmp_path)
    golden.write("1.0", [(one, answers[one])], tmp_path)
    assert {each: golden.read("1.0", each, tmp_path) for each in answers} == answers
    assert golden.names("1.0", tmp_path) == {"s/base", "s/one"}
    text = (tmp_path / "1.0" / "s.json").read_text()
    assert '"clusters > a > x": 2' in text


def test_what_is_accepted_is_accepted_there_and_nowhere_else() -> None:
    line = Accepted("wasm/*", "1.24*", "clusters > *", "because")
    other = Difference(("listeners", "a"), 1, 2)
    one = Difference(("clusters", "a"), 1, MISSING)
    assert accepted.unexplained("wasm/x", "1.24.0", [one, other], [line]) == (other,)
    assert accepted.unexplained("wasm/x", "1.31", [one], [line]) == (one,)
    assert accepted.unexplained("route/x", "1.24.0", [one], [line]) == (one,)


def test_a_line_about_some_texts_accepts_no_others() -> None:
    line = Accepted("*", "*", "*", "because", texts="not used")
    used = Difference(("a",), {"warnings": ["x is not used"]}, MISSING)
    more = Difference(("a",), {"warnings": ["x is not used", "y is bad"]}, MISSING)
    assert accepted.unexplained("s/x", "1", [used, more], [line]) == (more,)


def test_chance_and_surroundings_are_not_compared() -> None:
    route = {"query_parameters": [{"name": "b"}, {"name": "a"}], RESOURCE_VERSION: "17"}
    assert normalised([route]) == [
        {
            "query_parameters": [{"name": "a"}, {"name": "b"}],
            RESOURCE_VERSION: "<resource version>",
        }
    ]
    assert normalised({"lb_endpoints": ["b", "a"]}) == {"lb_endpoints": ["a", "b"]}


def test_resources_of_one_name_are_all_compared() -> None:
    assert list(asking.named([{"name": "a"}, {"name": "b"}, {"name": "a"}])) == ["a", "b", "a #2"]


def test_a_proxy_asks_for_what_its_listeners_and_clusters_name() -> None:
    manager = {"rds": {"route_config_name": "r"}, "http_filters": [{"name": "e"} | DISCOVERED]}
    listeners = {"l": {"filter_chains": [{"filters": [{"typed_config": manager}]}]}}
    assert asking.follow_up("listeners", listeners) == {"routes": ["r"], "extensions": ["e"]}
    clusters = {
        "a": {"name": "a", "type": "EDS", "eds_cluster_config": {"service_name": "s"}},
        "b": {"name": "b", "type": "EDS"},
        "c": {"name": "c", "type": "STATIC"},
    }
    assert asking.follow_up("clusters", clusters) == {"endpoints": ["b", "s"]}


DISCOVERED: dict[str, Any] = {"config_discovery": {"config_source": {"ads": {}}}}


def test_every_set_says_what_it_shows_and_has_a_time_for_each_object() -> None:
    for one in known().values():
        assert one.shows
        assert all(thing["metadata"]["creationTimestamp"] for thing in one.things)


def test_a_set_without_a_sentence_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "subject"
    folder.mkdir()
    (folder / "one.yaml").write_text("kind: Gateway\n")
    with pytest.raises(ValueError, match="the first line says what the set shows"):
        known(tmp_path)


def test_a_set_replaces_objects_of_its_base(tmp_path: Path) -> None:
    folder = tmp_path / "subject"
    folder.mkdir()
    for name, port in (("base", 1), ("one", 2)):
        text = f"# it\nkind: Gateway\nmetadata: {{name: a, namespace: b}}\nspec: {{port: {port}}}\n"
        (folder / f"{name}.yaml").write_text(text)
    (one,) = known(tmp_path)["subject/one"].things
    assert one["spec"] == {"port": 2}
