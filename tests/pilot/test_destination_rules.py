"""Which DestinationRule holds for a service, and what becomes of its cluster."""

from typing import Any

import pytest

from clusters.pilot.documents import NotBuilt
from tests.pilot.building import document, named, pushed, service_entry
from tests.pilot.test_validation import refusal

HOST = "productpage.default.svc.cluster.local"
NO_LIMIT = 4294967295


def rule(policy: Any = None, *subsets: Any, name: str = "rule", **rest: Any) -> Any:
    spec = {"host": rest.pop("host", "productpage")}
    spec |= {"trafficPolicy": policy} if policy else {}
    spec |= {"subsets": list(subsets)} if subsets else {}
    if "exportTo" in rest:
        spec["exportTo"] = rest.pop("exportTo")
    return document("DestinationRule", name, spec, **rest)


def cluster(policy: Any, release: str = "1.31", **service: Any) -> dict[str, Any]:
    return pushed(service_entry(**service), rule(policy), release=release).clusters[0]


def balanced(**settings: Any) -> dict[str, Any]:
    return {"loadBalancer": settings}


RANDOM, ROBIN = balanced(simple="RANDOM"), balanced(simple="ROUND_ROBIN")
CHOICES: list[tuple[Any, ...]] = [
    ("by short name", [rule(RANDOM)], "RANDOM"),
    ("of another host", [rule(RANDOM, host="reviews")], "LEAST_REQUEST"),
    ("for a wildcard", [rule(RANDOM, host="*.default.svc.cluster.local")], "RANDOM"),
    (
        "the closer",
        [rule(ROBIN, name="a", host="*.cluster.local"), rule(RANDOM, host=HOST)],
        "RANDOM",
    ),
    ("of the root", [rule(RANDOM, host=HOST, namespace="istio-system")], "RANDOM"),
    (
        "of the service before the root",
        [rule(ROBIN, host=HOST, namespace="istio-system"), rule(RANDOM)],
        "RANDOM",
    ),
    (
        "private to the gateway before the service",
        [
            rule(RANDOM, host=HOST, namespace="istio-system", exportTo=["."]),
            rule(ROBIN),
        ],
        "RANDOM",
    ),
    ("private to the service", [rule(RANDOM, exportTo=["."])], "LEAST_REQUEST"),
    ("exported to the gateway", [rule(RANDOM, exportTo=["istio-system"])], "RANDOM"),
    ("of a third namespace", [rule(RANDOM, host=HOST, namespace="far")], "LEAST_REQUEST"),
]


@pytest.mark.parametrize(("rules", "balancer"), **named(CHOICES))
def test_the_rule_is_the_closest_one_that_the_gateway_may_see(rules: Any, balancer: str) -> None:
    assert pushed(service_entry(), *rules).clusters[0]["lb_policy"] == balancer


V1, V2 = ({"name": name, "labels": {"version": name}} for name in ("v1", "v2"))


@pytest.mark.parametrize("release", ["1.9", "1.24", "1.31"])
def test_rules_of_one_host_join_the_first_ones_policy_with_the_subsets_of_all(
    release: str,
) -> None:
    rules = [rule(None, V1, name="a"), rule(RANDOM, V1, V2, name="b"), rule(ROBIN, name="c")]

    made = pushed(service_entry(), *rules, release=release).clusters[:-1]

    assert [one["name"].split("|")[2] for one in made] == ["", "v1", "v2"]
    assert {one["lb_policy"] for one in made} == {"RANDOM"}
    named = {one["metadata"]["filter_metadata"]["istio"]["config"][-1] for one in made}
    assert named == {"a"}


def test_rules_that_are_exported_elsewhere_stand_side_by_side_and_the_last_one_holds() -> None:
    rules = [
        rule(RANDOM, V1, name="a", exportTo=["*"]),
        rule(ROBIN, name="b", exportTo=["istio-system"]),
    ]

    made = pushed(service_entry(), *rules).clusters[:-1]

    assert [one.get("lb_policy") for one in made] == [None]


def test_what_older_releases_make_of_rules_that_are_exported_elsewhere_is_not_guessed() -> None:
    rules = [rule(RANDOM, exportTo=["*"]), rule(ROBIN, name="b", exportTo=["istio-system"])]

    with pytest.raises(NotBuilt, match="how this release joins them is not known"):
        pushed(service_entry(), *rules, release="1.18")


BALANCERS: list[tuple[Any, ...]] = [
    ("none", {}, {"lb_policy": "LEAST_REQUEST"}),
    ("round robin", {"simple": "ROUND_ROBIN"}, {}),
    ("least connections", {"simple": "LEAST_CONN"}, {"lb_policy": "LEAST_REQUEST"}),
    (
        "warm up",
        {"simple": "ROUND_ROBIN", "warmupDurationSecs": "90s"},
        {"round_robin_lb_config": {"slow_start_config": {"slow_start_window": "90s"}}},
    ),
    (
        "a ring",
        {"consistentHash": {"httpHeaderName": "x"}},
        {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": "1024"}},
    ),
    (
        "a ring of a size",
        {"consistentHash": {"httpHeaderName": "x", "ringHash": {"minimumRingSize": 7}}},
        {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": "7"}},
    ),
    (
        "maglev",
        {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 101}}},
        {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": "101"}},
    ),
]


@pytest.mark.parametrize(("settings", "expected"), **named(BALANCERS))
def test_a_balancer_is_chosen(settings: Any, expected: Any) -> None:
    found = cluster({"loadBalancer": settings})
    assert {key: value for key, value in found.items() if "lb_" in key and "common" not in key} == (
        expected
    )


def test_a_cluster_that_passes_through_asks_for_no_endpoints() -> None:
    found = pushed(service_entry(), rule(balanced(simple="PASSTHROUGH")))
    assert found.clusters[0]["type"] == "ORIGINAL_DST"
    assert found.clusters[0]["lb_policy"] == "CLUSTER_PROVIDED"
    assert "eds_cluster_config" not in found.clusters[0]
    assert found.endpoints == ()


def test_limits_of_the_pool_become_circuit_breakers_and_options() -> None:
    found = cluster(
        {
            "connectionPool": {
                "tcp": {
                    "maxConnections": 1,
                    "connectTimeout": "250ms",
                    "maxConnectionDuration": "1h",
                    "idleTimeout": "9s",
                    "tcpKeepalive": {"probes": 3, "time": "2m", "interval": "75s"},
                },
                "http": {"http1MaxPendingRequests": 2, "http2MaxRequests": 3, "maxRetries": 4},
            }
        }
    )
    assert found["circuit_breakers"]["thresholds"] == [
        {
            "max_connections": 1,
            "max_pending_requests": 2,
            "max_requests": 3,
            "max_retries": 4,
        }
    ]
    assert found["connect_timeout"] == "0.250s"
    keepalive = {"keepalive_probes": 3, "keepalive_time": 120, "keepalive_interval": 75}
    assert found["upstream_connection_options"] == {"tcp_keepalive": keepalive}
    assert options(found) == {
        "common_http_protocol_options": {
            "idle_timeout": "9s",
            "max_connection_duration": "3600s",
        },
        "explicit_http_config": {"http_protocol_options": {}},
    }


def options(found: dict[str, Any]) -> dict[str, Any]:
    (made,) = found["typed_extension_protocol_options"].values()
    return {key: value for key, value in made.items() if key != "@type"}


PROTOCOLS: list[tuple[Any, ...]] = [
    ("upgraded", {"h2UpgradePolicy": "UPGRADE"}, "http2_protocol_options", {}),
    (
        "limited",
        {"h2UpgradePolicy": "UPGRADE", "maxConcurrentStreams": 5},
        "http2_protocol_options",
        {"max_concurrent_streams": 5},
    ),
    ("requests", {"maxRequestsPerConnection": 1}, "http_protocol_options", {}),
]


@pytest.mark.parametrize(("http", "protocol", "expected"), **named(PROTOCOLS))
def test_a_rule_chooses_the_protocol(http: Any, protocol: str, expected: Any) -> None:
    made = options(cluster({"connectionPool": {"http": http}}))
    assert made["explicit_http_config"] == {protocol: expected}


@pytest.mark.parametrize(("release", "limited"), [("1.27", False), ("1.28", True)])
def test_streams_of_an_upgraded_cluster_are_limited_from_1_28(release: str, limited: bool) -> None:
    http = {"h2UpgradePolicy": "UPGRADE", "maxConcurrentStreams": 5}
    made = options(cluster({"connectionPool": {"http": http}}, release))
    assert bool(made["explicit_http_config"]["http2_protocol_options"]) is limited
    grpc = [{"number": 9080, "name": "g", "protocol": "GRPC"}]
    made = options(cluster({"connectionPool": {"http": http}}, release, ports=grpc))
    assert made["explicit_http_config"]["http2_protocol_options"] == (
        {"max_concurrent_streams": 5} if limited else {}
    )


def test_the_protocol_of_the_client_may_be_kept() -> None:
    made = options(cluster({"connectionPool": {"http": {"useClientProtocol": True}}}))
    both: dict[str, Any] = {"http_protocol_options": {}, "http2_protocol_options": {}}
    assert made["use_downstream_protocol_config"] == both


def test_outliers_are_ejected_as_the_rule_says() -> None:
    found = cluster(
        {
            "outlierDetection": {
                "consecutive5xxErrors": 3,
                "consecutiveGatewayErrors": 0,
                "interval": "10s",
                "baseEjectionTime": "30s",
                "maxEjectionPercent": 50,
                "minHealthPercent": 20,
                "splitExternalLocalOriginErrors": True,
                "consecutiveLocalOriginFailures": 6,
            }
        }
    )
    assert found["outlier_detection"] == {
        "consecutive_5xx": 3,
        "enforcing_consecutive_5xx": 100,
        "consecutive_gateway_failure": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "interval": "10s",
        "base_ejection_time": "30s",
        "max_ejection_percent": 50,
        "enforcing_success_rate": 0,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 6,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
    }
    assert found["common_lb_config"] == {"healthy_panic_threshold": {"value": 20}}


@pytest.mark.parametrize("release", ["1.9", "1.31"])
def test_outlier_detection_alone_switches_the_panic_threshold_off(release: str) -> None:
    found = cluster({"outlierDetection": {}}, release)
    assert found["common_lb_config"] == {"healthy_panic_threshold": {}}
    assert found["outlier_detection"] == {"enforcing_success_rate": 0}


V1, V2 = {"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "labels": {"version": "v2"}}
ENDPOINTS = [
    {"address": "127.0.0.2", "labels": {"version": "v1"}},
    {"address": "127.0.0.3", "labels": {"version": "v2"}},
]


def test_a_subset_is_a_cluster_with_the_endpoints_that_have_its_labels() -> None:
    found = pushed(
        service_entry(endpoints=ENDPOINTS), rule(RANDOM, V1, V2 | {"trafficPolicy": ROBIN})
    )
    names = [f"outbound|9080|{one}|{HOST}" for one in ("", "v1", "v2")]
    assert [one["name"] for one in found.clusters[:-1]] == names
    assert [one.get("lb_policy") for one in found.clusters[:-1]] == ["RANDOM", "RANDOM", None]
    assert [addresses(one) for one in found.endpoints] == [
        ["127.0.0.2", "127.0.0.3"],
        ["127.0.0.2"],
        ["127.0.0.3"],
    ]
    config = "/apis/networking.istio.io/v1/namespaces/default/destination-rule/rule"
    assert [one["metadata"]["filter_metadata"]["istio"] for one in found.clusters[:-1]] == [
        {"config": config},
        {"config": config, "subset": "v1"},
        {"config": config, "subset": "v2"},
    ]


def addresses(assignment: dict[str, Any]) -> list[str]:
    return [
        one["endpoint"]["address"]["socket_address"]["address"]
        for group in assignment["endpoints"]
        for one in group["lb_endpoints"]
    ]


def test_a_subset_inherits_what_it_does_not_say_unless_it_speaks_of_the_port() -> None:
    outliers = {"outlierDetection": {"interval": "1s"}}
    own = V1 | {"trafficPolicy": outliers}
    of_port = V2 | {
        "trafficPolicy": {"portLevelSettings": [{"port": {"number": 9080}, **outliers}]}
    }
    found = pushed(service_entry(), rule(RANDOM, own, of_port)).clusters[1:3]
    assert [one["lb_policy"] for one in found] == ["RANDOM", "LEAST_REQUEST"]
    assert all("outlier_detection" in one for one in found)


def test_settings_for_a_port_inherit_nothing() -> None:
    port = {"port": {"number": 9080}, "outlierDetection": {"interval": "1s"}}
    policy = RANDOM | {"portLevelSettings": [port]}
    found = pushed(service_entry(), rule(policy, V1 | {"trafficPolicy": ROBIN}))
    whole, subset = found.clusters[:2]
    assert (whole["lb_policy"], "outlier_detection" in whole) == ("LEAST_REQUEST", True)
    assert (subset.get("lb_policy"), "outlier_detection" in subset) == (None, True)


REFUSED: list[tuple[Any, ...]] = [
    ("empty policy", rule({"portLevelSettings": None, "tls": None}), "traffic policy must have at"),
    ("subset twice", rule(None, V1, V1), "duplicate subset names: v1"),
    ("subset without a name", rule(None, {"labels": {}}), "subset name cannot be empty"),
    (
        "table of no prime",
        rule(balanced(consistentHash={"maglev": {"tableSize": 4}})),
        "a prime number",
    ),
    (
        "client without a key",
        rule({"tls": {"mode": "MUTUAL"}}),
        "private key required for mutual tls",
    ),
    (
        "unused failures",
        rule({"outlierDetection": {"consecutiveLocalOriginFailures": 1}}),
        "split external local origin errors is set to false",
    ),
    ("no pool", rule({"connectionPool": {}}), "connection pool must have at least one field"),
    (
        "negative",
        rule({"connectionPool": {"tcp": {"maxConnections": -1}}}),
        "max connections must be non-negative",
    ),
]


@pytest.mark.parametrize(("made", "text"), **named(REFUSED))
def test_a_rule_is_refused(made: Any, text: str) -> None:
    assert text in refusal(made)
