"""Clusters and endpoints out of ServiceEntries."""

from typing import Any

import pytest

from tests.pilot.building import document, pushed, service_entry
from tests.pilot.building import named as rows

NAME = "outbound|9080||productpage.default.svc.cluster.local"


def test_the_cluster_of_1_31_is_the_one_istiod_sends() -> None:
    assert pushed(service_entry(), release="1.31").clusters == (
        {
            "name": NAME,
            "type": "EDS",
            "eds_cluster_config": {
                "eds_config": {
                    "ads": {},
                    "initial_fetch_timeout": "0s",
                    "resource_api_version": "V3",
                },
                "service_name": NAME,
            },
            "connect_timeout": "10s",
            "lb_policy": "LEAST_REQUEST",
            "circuit_breakers": {
                "thresholds": [
                    {
                        "max_connections": 4294967295,
                        "max_pending_requests": 4294967295,
                        "max_requests": 4294967295,
                        "max_retries": 4294967295,
                    }
                ]
            },
            "common_lb_config": {"healthy_panic_threshold": {}},
            "alt_stat_name": f"{NAME};",
        },
        {
            "name": "BlackHoleCluster",
            "type": "STATIC",
            "connect_timeout": "10s",
            "alt_stat_name": "BlackHoleCluster;",
        },
    )


def named_cluster(release: str = "1.31", **entry: Any) -> dict[str, Any]:
    return pushed(service_entry(**({"endpoints": []} | entry)), release=release).clusters[0]


RESOLVED: list[tuple[Any, ...]] = [
    (
        "its own name",
        {"resolution": "DNS"},
        "STRICT_DNS",
        ["productpage.default.svc.cluster.local"],
    ),
    (
        "names of endpoints",
        {"resolution": "DNS", "endpoints": [{"address": "a.test"}, {"address": "b.test"}]},
        "STRICT_DNS",
        ["a.test", "b.test"],
    ),
    (
        "one after the other",
        {"resolution": "DNS_ROUND_ROBIN", "endpoints": [{"address": "a.test"}]},
        "LOGICAL_DNS",
        ["a.test"],
    ),
]


@pytest.mark.parametrize(("entry", "kind", "names"), **rows(RESOLVED))
def test_a_service_is_found_by_dns(entry: Any, kind: str, names: list[str]) -> None:
    found = named_cluster(**entry)
    ends = found["load_assignment"]["endpoints"][0]["lb_endpoints"]
    sockets = [one["endpoint"]["address"]["socket_address"] for one in ends]
    assert (found["type"], [one["address"] for one in sockets]) == (kind, names)
    assert {one["port_value"] for one in sockets} == {9080}
    assert found["respect_dns_ttl"] is True
    assert found["dns_lookup_family"] == "V4_ONLY"
    assert "eds_cluster_config" not in found


def test_a_service_found_by_dns_has_no_assignment_of_its_own() -> None:
    assert pushed(service_entry(resolution="DNS", endpoints=[])).endpoints == ()


@pytest.mark.parametrize(
    ("release", "rate", "jitter"),
    [("1.15", "5s", None), ("1.16", "60s", None), ("1.24", "60s", None), ("1.25", "60s", "0.100s")],
)
def test_names_are_looked_up_as_the_release_does(release: str, rate: str, jitter: Any) -> None:
    found = named_cluster(release, resolution="DNS")
    assert found["dns_refresh_rate"] == rate
    assert found.get("dns_jitter") == jitter
    assert ("typed_dns_resolver_config" in found) is bool(jitter)


def test_a_subset_without_names_has_no_cluster() -> None:
    subsets = [{"name": "v1", "labels": {"version": "v1"}}]
    rule = document("DestinationRule", "r", {"host": "productpage", "subsets": subsets})
    found = pushed(service_entry(resolution="DNS", endpoints=[]), rule)
    assert [one["name"] for one in found.clusters] == [NAME, "BlackHoleCluster"]


SINCE: list[tuple[Any, ...]] = [
    ("1.14", lambda one: one.get("lb_policy"), None, "LEAST_REQUEST"),
    ("1.23", lambda one: one.get("alt_stat_name"), None, f"{NAME};"),
    (
        "1.29",
        lambda one: one["circuit_breakers"]["thresholds"][0].get("track_remaining"),
        True,
        None,
    ),
    ("1.31", lambda one: one["common_lb_config"], {}, {"healthy_panic_threshold": {}}),
]


@pytest.mark.parametrize(("first", "read", "before", "after"), SINCE)
def test_a_cluster_setting_begins_with_its_release(
    first: str, read: Any, before: Any, after: Any
) -> None:
    minor = int(first.partition(".")[2])
    for release, expected in (("1.9", before), (f"1.{minor - 1}", before), (first, after)):
        assert read(pushed(service_entry(), release=release).clusters[0]) == expected


@pytest.mark.parametrize(
    ("protocol", "http2"),
    [("HTTP", False), ("TCP", False), ("HTTP2", True), ("GRPC", True), ("grpc-web", True)],
)
def test_http2_protocols_speak_http2_upstream(protocol: str, http2: bool) -> None:
    ports = [{"number": 9080, "name": "p", "protocol": protocol}]
    cluster = pushed(service_entry(ports=ports)).clusters[0]
    options = cluster.get("typed_extension_protocol_options")
    assert bool(options) is http2
    if options:
        (only,) = options.values()
        assert only["explicit_http_config"] == {"http2_protocol_options": {}}


def test_every_port_but_udp_has_a_cluster_and_an_assignment() -> None:
    ports = [
        {"number": 80, "name": "http", "protocol": "HTTP"},
        {"number": 90, "name": "tcp", "protocol": "TCP"},
        {"number": 53, "name": "dns", "protocol": "UDP"},
    ]
    found = pushed(service_entry(ports=ports))
    assert [one["name"].split("|")[1] for one in found.clusters[:-1]] == ["80", "90"]
    assert [one["cluster_name"].split("|")[1] for one in found.endpoints] == ["80", "90"]


def test_an_external_service_is_marked() -> None:
    found = pushed(service_entry(location="MESH_EXTERNAL"))
    assert found.clusters[0]["metadata"] == {"filter_metadata": {"istio": {"external": True}}}
    assert "metadata" not in pushed(service_entry()).clusters[0]


def test_endpoints_are_grouped_by_locality_with_their_weights() -> None:
    found = pushed(
        service_entry(
            ports=[{"number": 9080, "name": "http", "protocol": "HTTP", "targetPort": 1}],
            endpoints=[
                {"address": "127.0.0.3", "locality": "r/z", "weight": 2},
                {"address": "127.0.0.2", "ports": {"http": 2}},
                {"address": "127.0.0.4", "locality": "r/z"},
            ],
        )
    )
    assert found.endpoints == (
        {
            "cluster_name": NAME,
            "endpoints": [
                {
                    "locality": {},
                    "lb_endpoints": [lb_endpoint("127.0.0.2", 2, 1)],
                    "load_balancing_weight": 1,
                },
                {
                    "locality": {"region": "r", "zone": "z"},
                    "lb_endpoints": [
                        lb_endpoint("127.0.0.3", 1, 2),
                        lb_endpoint("127.0.0.4", 1, 1),
                    ],
                    "load_balancing_weight": 3,
                },
            ],
        },
    )


def lb_endpoint(address: str, port: int, weight: int) -> dict[str, Any]:
    socket = {"address": address, "port_value": port}
    return {
        "endpoint": {"address": {"socket_address": socket}},
        "metadata": {},
        "load_balancing_weight": weight,
    }


def test_a_service_without_endpoints_has_an_empty_assignment() -> None:
    found = pushed(service_entry(resolution="NONE", endpoints=[]))
    assert found.endpoints == ({"cluster_name": NAME},)


@pytest.mark.parametrize(
    ("export_to", "seen"),
    [(["*"], True), (["istio-system"], True), (["."], False), (["other"], False), ([], True)],
)
def test_a_gateway_sees_the_services_exported_to_its_namespace(
    export_to: list[str], seen: bool
) -> None:
    found = pushed(service_entry(exportTo=export_to))
    assert bool(found.endpoints) is seen
