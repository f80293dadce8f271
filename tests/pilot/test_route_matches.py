"""The match of a VirtualService's HTTP route, its names and its decorator, as Envoy's route."""

from typing import Any

import pytest

from clusters.pilot.documents import NotBuilt
from tests.pilot.building import named, routed, to


def matched(release: str = "latest", **match: Any) -> Any:
    return routed(release=release, match=[match])["match"]


PATHS: list[tuple[Any, ...]] = [
    ("exact", {"exact": "/a"}, {"path": "/a"}),
    ("prefix", {"prefix": "/a"}, {"prefix": "/a"}),
    ("regex", {"regex": "/a.*"}, {"safe_regex": {"regex": "/a.*"}}),
    ("none", {}, {"prefix": "/"}),
]


@pytest.mark.parametrize(("uri", "expected"), **named(PATHS))
def test_a_path_is_matched(uri: dict[str, str], expected: dict[str, Any]) -> None:
    assert matched(uri=uri) == {**expected, "case_sensitive": True}


def test_case_counts_unless_told_otherwise_and_is_not_named_without_a_match() -> None:
    assert matched(uri={"exact": "/a"}, ignoreUriCase=True)["case_sensitive"] is False
    assert routed()["match"] == {"prefix": "/"}


HEADERS: list[tuple[Any, ...]] = [
    ("exact", {"exact": "v"}, {"string_match": {"exact": "v"}}, {"exact_match": "v"}),
    ("prefix", {"prefix": "v"}, {"string_match": {"prefix": "v"}}, {"prefix_match": "v"}),
    (
        "regex",
        {"regex": "v"},
        {"string_match": {"safe_regex": {"regex": "v"}}},
        {"safe_regex_match": {"regex": "v"}},
    ),
    (
        "everything",
        {"regex": ".*"},
        {"string_match": {"safe_regex": {"regex": ".*"}}},
        {"safe_regex_match": {"regex": ".*"}},
    ),
    ("present", {}, {"present_match": True}, {"present_match": True}),
]


@pytest.mark.parametrize(("match", "new", "old"), **named(HEADERS))
def test_a_header_is_matched_as_its_release_writes_it(
    match: dict[str, str], new: dict[str, Any], old: dict[str, Any]
) -> None:
    for release, expected in (("1.9", old), ("1.13", old), ("1.14", new), ("1.31", new)):
        assert matched(release, headers={"x": match})["headers"] == [{"name": "x", **expected}]


def test_headers_are_sorted_and_the_pseudo_headers_follow() -> None:
    exact = {"exact": "v"}
    found = matched(
        headers={"b": exact, "a": exact},
        method=exact,
        authority=exact,
        scheme=exact,
        withoutHeaders={"aa": exact},
    )["headers"]
    assert [one["name"] for one in found] == ["a", "aa", "b", ":method", ":authority", ":scheme"]


@pytest.mark.parametrize(("release", "as_empty"), [("1.21", None), ("1.22", True), ("1.31", True)])
def test_a_header_that_must_be_absent_or_different(release: str, as_empty: bool | None) -> None:
    (found,) = matched(release, withoutHeaders={"x": {"exact": "v"}})["headers"]
    assert found["invert_match"] is True
    assert found.get("treat_missing_header_as_empty") is as_empty
    (present,) = matched(release, withoutHeaders={"x": {}})["headers"]
    assert present == {"name": "x", "present_match": True, "invert_match": True}


def test_a_match_may_name_its_statistics() -> None:
    assert routed(match=[{"uri": {"prefix": "/"}, "statPrefix": "s"}])["stat_prefix"] == "s"


def test_query_parameters_are_matched() -> None:
    found = matched(queryParams={"a": {"exact": "1"}, "b": {}})["query_parameters"]
    assert sorted(found, key=lambda one: str(one["name"])) == [
        {"name": "a", "string_match": {"exact": "1"}},
        {"name": "b", "present_match": True},
    ]


@pytest.mark.parametrize("field", ["headers", "withoutHeaders"])
def test_claims_of_a_token_are_refused_by_name(field: str) -> None:
    words = r"vs.yaml:1: .*\.@request.auth.claims.group: matching claims is known to Istio but not"
    with pytest.raises(NotBuilt, match=words):
        routed(match=[{field: {"@request.auth.claims.group": {"exact": "x"}}}])


def test_names_and_metadata_lead_back_to_the_document() -> None:
    assert "name" not in routed()
    assert routed(name="r")["name"] == "r"
    assert routed(name="r", match=[{"name": "m"}])["name"] == "r.m"
    assert routed(match=[{"name": "m"}])["name"] == ".m"
    for release, version in (("1.23", "v1alpha3"), ("1.24", "v1")):
        path = f"/apis/networking.istio.io/{version}/namespaces/default/virtual-service/vs"
        metadata = routed(release=release)["metadata"]
        assert metadata == {"filter_metadata": {"istio": {"config": path}}}


DECORATED: list[tuple[Any, ...]] = [
    ("no match", {}, "a.default.svc.cluster.local:1/*"),
    ("exact", {"match": [{"uri": {"exact": "/x"}}]}, "a.default.svc.cluster.local:1/x"),
    ("prefix", {"match": [{"uri": {"prefix": "/x"}}]}, "a.default.svc.cluster.local:1/x*"),
    ("regex", {"match": [{"uri": {"regex": "/x?"}}]}, "a.default.svc.cluster.local:1/x?"),
    ("weighted", {"route": [to(weight=1), to("b", weight=1)]}, "vs:8080/*"),
    ("redirect", {"redirect": {"uri": "/y"}}, "vs:8080/*"),
    ("direct response", {"directResponse": {"status": 200}}, "vs:8080/*"),
]


@pytest.mark.parametrize(("http", "operation"), **named(DECORATED))
def test_a_decorator_names_the_destination_or_the_virtual_service(
    http: dict[str, Any], operation: str
) -> None:
    assert routed(**http)["decorator"] == {"operation": operation}
