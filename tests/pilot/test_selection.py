"""Which EnvoyFilters reach a gateway, and in which order their patches run."""

from typing import Any

import pytest

from tests.pilot.building import (
    RELEASES,
    document,
    envoy_filter,
    gateway,
    http_filters,
    lua,
    named,
    node,
    on_http_filter,
    pushed,
    service_entry,
)

GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"
TARGET = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "bookinfo"}


def first(name: str = "mine") -> dict[str, Any]:
    """A patch that puts a filter in front of everything, in every release."""
    return on_http_filter("INSERT_BEFORE", lua(name))


def outcome(made: Any, release: str = "latest", **fields: Any) -> Any:
    fields.setdefault("version", "1.31.0")
    (one,) = pushed(
        gateway(selector={}), made, release=release, node=node(fields.pop("version"), **fields)
    ).outcomes
    return one


SELECTED: list[tuple[Any, ...]] = [
    ("root namespace", {"namespace": "istio-system"}, {}, None),
    ("proxy namespace", {"namespace": "edge"}, {"namespace": "edge"}, None),
    (
        "root namespace for another proxy",
        {"namespace": "istio-system"},
        {"namespace": "edge"},
        None,
    ),
    (
        "another namespace",
        {"namespace": "default"},
        {},
        "the namespace default is neither the root namespace istio-system nor the proxy's",
    ),
    (
        "matching labels",
        {"spec": {"workloadSelector": {"labels": {"istio": "ingressgateway"}}}},
        {},
        None,
    ),
    ("no labels", {"spec": {"workloadSelector": {}}}, {}, None),
    (
        "another label value",
        {"spec": {"workloadSelector": {"labels": {"istio": "egressgateway"}}}},
        {},
        "workloadSelector asks for istio=egressgateway, the proxy has istio=ingressgateway",
    ),
    (
        "a label the proxy lacks",
        {"spec": {"workloadSelector": {"labels": {"team": "edge"}}}},
        {},
        "workloadSelector asks for team=edge, the proxy has no label team",
    ),
    (
        "targetRefs without a Gateway-API gateway",
        {"spec": {"targetRefs": [TARGET]}},
        {},
        f"it has targetRefs, and the proxy has no label {GATEWAY_LABEL}",
    ),
    (
        "targetRefs of this gateway",
        {"spec": {"targetRefs": [TARGET]}},
        {"labels": {GATEWAY_LABEL: "bookinfo"}},
        None,
    ),
    (
        "targetRefs of another gateway",
        {"spec": {"targetRefs": [TARGET | {"name": "other"}]}},
        {"labels": {GATEWAY_LABEL: "bookinfo"}},
        "none of its targetRefs names the Gateway bookinfo of gateway.networking.k8s.io",
    ),
]


@pytest.mark.parametrize(("made", "proxy", "reason"), **named(SELECTED))
def test_an_envoy_filter_reaches_the_proxies_it_selects(
    made: dict[str, Any], proxy: dict[str, Any], reason: str | None
) -> None:
    one = outcome(envoy_filter(first(), **made), **proxy)
    assert one.effective is (reason is None)
    assert reason is None or reason in one.sentence


def test_target_refs_in_the_root_namespace_do_not_reach_a_gateway_elsewhere() -> None:
    proxy: dict[str, Any] = {"labels": {GATEWAY_LABEL: "bookinfo"}, "namespace": "edge"}
    one = outcome(envoy_filter(first(), spec={"targetRefs": [TARGET]}), **proxy)
    assert not one.effective
    assert (
        "its targetRefs work in the gateway's own namespace, edge, not in istio-system"
        in one.sentence
    )


@pytest.mark.parametrize(("release", "effective"), [("1.26", True), ("1.27", False)])
def test_target_refs_are_honoured_from_1_27(release: str, effective: bool) -> None:
    made = envoy_filter(first(), spec={"targetRefs": [TARGET]})
    assert outcome(made, release).effective is effective


def test_labels_come_from_the_endpoint_that_owns_the_proxys_address() -> None:
    made = envoy_filter(first(), spec={"workloadSelector": {"labels": {"tier": "edge"}}})
    own = service_entry(
        "ingress",
        namespace="istio-system",
        endpoints=[{"address": "10.0.0.9", "labels": {"tier": "edge"}}],
    )
    for address, effective in (("10.0.0.9", True), ("10.0.0.8", False)):
        (one,) = pushed(gateway(selector={}), own, made, node=node(ip=address)).outcomes
        assert one.effective is effective


def ordered(release: str, *made: Any) -> list[str]:
    """The names of filters, each put first by one document: last applied stands first."""
    documents = [
        envoy_filter(first(fields["name"]), **fields) for fields in (dict(one) for one in made)
    ]
    found = pushed(gateway(), *documents, release=release, node=node(namespace="edge"))
    names = http_filters(found)
    return list(reversed(names[: len(made)]))


YOUNG = {"name": "young", "creationTimestamp": "2022-01-02T00:00:00Z"}
OLD = {"name": "old", "creationTimestamp": "2022-01-01T00:00:00Z"}
EDGE = {"name": "edge", "namespace": "edge", "creationTimestamp": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize("release", RELEASES)
def test_older_documents_run_first_and_the_root_namespace_before_the_proxys(release: str) -> None:
    assert ordered(release, YOUNG, EDGE, OLD) == ["old", "young", "edge"]


@pytest.mark.parametrize("release", RELEASES)
def test_documents_of_one_age_run_by_name(release: str) -> None:
    assert ordered(release, {"name": "b"}, {"name": "a"}, {"name": "c"}) == ["a", "b", "c"]


def test_times_are_compared_as_moments_not_as_text() -> None:
    east = {"name": "a", "creationTimestamp": "2022-01-01T01:00:00+02:00"}
    west = {"name": "b", "creationTimestamp": "2021-12-31T23:30:00Z"}
    assert ordered("latest", west, east) == ["a", "b"]


PRIORITIES = (
    {"name": "late", "spec": {"priority": 10}},
    {"name": "middle"},
    {"name": "early", "spec": {"priority": -10}},
    {"name": "edge-first", "namespace": "edge", "spec": {"priority": -20}},
)


@pytest.mark.parametrize(
    ("release", "names"),
    [
        ("1.9", ["early", "late", "middle", "edge-first"]),
        ("1.10", ["early", "late", "middle", "edge-first"]),
        ("1.11", ["early", "middle", "late", "edge-first"]),
        ("1.21", ["early", "middle", "late", "edge-first"]),
        ("1.22", ["edge-first", "early", "middle", "late"]),
        ("1.31", ["edge-first", "early", "middle", "late"]),
    ],
)
def test_priority_counts_from_1_11_and_across_namespaces_from_1_22(
    release: str, names: list[str]
) -> None:
    assert ordered(release, *PRIORITIES) == names


def test_equal_priority_leaves_the_root_namespace_first() -> None:
    made = [{"name": "b"}, {"name": "a", "namespace": "edge"}]
    assert ordered("1.31", *made) == ["b", "a"]


def test_the_root_namespace_is_no_place_of_its_own_for_a_proxy_that_lives_there() -> None:
    made = document("EnvoyFilter", "x", {"configPatches": [first()]}, namespace="istio-system")
    assert outcome(made).effective
