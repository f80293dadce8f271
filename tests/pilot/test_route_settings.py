"""Header operations, mirrors, faults and CORS of a VirtualService's HTTP route."""

from typing import Any

import pytest

from tests.pilot.building import TYPES, named, routed, to


def header(name: str, value: str = "v") -> dict[str, Any]:
    return {"header": {"key": name, "value": value}}


def test_header_operations_set_first_then_add_sorted_by_name() -> None:
    operations = {"set": {"b": "v", "a": "v"}, "add": {"c": "v"}, "remove": ["d"]}
    made = routed(headers={"request": operations, "response": operations})
    overwritten = [header(one) | {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD"} for one in "ab"]
    for side in ("request", "response"):
        assert made[f"{side}_headers_to_add"] == [*overwritten, header("c")]
        assert made[f"{side}_headers_to_remove"] == ["d"]


def test_host_and_authority_become_a_host_rewrite_and_no_header() -> None:
    for name in ("host", "Host", ":authority"):
        made = routed(headers={"request": {"set": {name: "b.test"}}})
        assert made["route"]["host_rewrite_literal"] == "b.test"
        assert "request_headers_to_add" not in made


def test_headers_of_the_only_destination_follow_those_of_the_route() -> None:
    one = {"request": {"add": {"a": "v"}}}
    two = {"request": {"add": {"b": "v"}, "set": {"host": "low.test"}}}
    made = routed(headers=one, route=[to(headers=two)])
    assert made["request_headers_to_add"] == [header("a"), header("b")]
    assert made["route"]["host_rewrite_literal"] == "low.test"
    made = routed(rewrite={"authority": "high.test"}, route=[to(headers=two)])
    assert made["route"]["host_rewrite_literal"] == "high.test"


def test_headers_of_weighted_destinations_stay_with_their_cluster() -> None:
    own = {"response": {"add": {"b": "v"}}, "request": {"set": {"host": "b.test"}}}
    made = routed(route=[to(weight=1), to("b", weight=1, headers=own)])
    plain, changed = made["route"]["weighted_clusters"]["clusters"]
    assert "response_headers_to_add" not in plain
    assert changed["response_headers_to_add"] == [header("b")]
    assert changed["host_rewrite_literal"] == "b.test"


MIRRORS: list[tuple[Any, ...]] = [
    ("all", {"mirror": {"host": "m.test"}}, {"numerator": 100}),
    (
        "half",
        {"mirror": {"host": "m.test"}, "mirrorPercentage": {"value": 50}},
        {"numerator": 500000, "denominator": "MILLION"},
    ),
    ("as of old", {"mirror": {"host": "m.test"}, "mirrorPercent": 30}, {"numerator": 30}),
    ("none as of old", {"mirror": {"host": "m.test"}, "mirrorPercent": 0}, None),
    ("none", {"mirror": {"host": "m.test"}, "mirrorPercentage": {"value": 0}}, None),
    ("list", {"mirrors": [{"destination": {"host": "m.test"}}]}, {"numerator": 100}),
    (
        "list with a share",
        {"mirrors": [{"destination": {"host": "m.test"}, "percentage": {"value": 0.5}}]},
        {"numerator": 5000, "denominator": "MILLION"},
    ),
]


@pytest.mark.parametrize(("http", "share"), **named(MIRRORS))
def test_a_mirror_gets_its_share(http: dict[str, Any], share: Any) -> None:
    for release, keeps in (("1.27", {}), ("1.28", {"disable_shadow_host_suffix_append": True})):
        action = routed(release=release, **http)["route"]
        assert action.get("request_mirror_policies", []) == (
            [
                {
                    "cluster": "outbound|8080||m.test",
                    "runtime_fraction": {"default_value": share},
                    "trace_sampled": False,
                    **keeps,
                }
            ]
            if share
            else []
        )


FAULTS: list[tuple[Any, ...]] = [
    (
        "abort",
        {"abort": {"httpStatus": 503, "percentage": {"value": 10}}},
        {
            "abort": {
                "http_status": 503,
                "percentage": {"numerator": 100000, "denominator": "MILLION"},
            }
        },
    ),
    ("abort of all", {"abort": {"httpStatus": 503}}, {"abort": {"http_status": 503}}),
    (
        "delay",
        {"delay": {"fixedDelay": "100ms", "percentage": {"value": 100}}},
        {
            "delay": {
                "fixed_delay": "0.100s",
                "percentage": {"numerator": 1000000, "denominator": "MILLION"},
            }
        },
    ),
    ("abort of gRPC", {"abort": {"grpcStatus": "UNAVAILABLE"}}, {"abort": {"grpc_status": 14}}),
    (
        "delay as of old",
        {"delay": {"fixedDelay": "5s", "percent": 7}},
        {"delay": {"fixed_delay": "5s", "percentage": {"numerator": 7}}},
    ),
    (
        "delay without percentage",
        {"delay": {"fixedDelay": "5s"}},
        {"delay": {"fixed_delay": "5s", "percentage": {}}},
    ),
]


@pytest.mark.parametrize(("fault", "expected"), **named(FAULTS))
def test_a_fault_is_configuration_of_the_fault_filter(
    fault: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert routed(fault=fault)["typed_per_filter_config"] == {
        "envoy.filters.http.fault": {
            "@type": f"{TYPES}.filters.http.fault.v3.HTTPFault",
            **expected,
        }
    }


POLICY = {
    "allowOrigins": [{"exact": "https://a.test"}],
    "allowMethods": ["GET", "PUT"],
    "maxAge": "24h",
    "allowCredentials": True,
}
CORS = {
    "allow_origin_string_match": [{"exact": "https://a.test"}],
    "filter_enabled": {"default_value": {"numerator": 100}},
    "allow_methods": "GET,PUT",
    "max_age": "86400",
    "allow_credentials": True,
}


@pytest.mark.parametrize("release", ["1.9", "1.19"])
def test_cors_is_part_of_the_action_until_1_19(release: str) -> None:
    made = routed(release=release, corsPolicy=POLICY)
    assert made["route"]["cors"] == CORS
    assert "typed_per_filter_config" not in made


@pytest.mark.parametrize(
    ("release", "preflights", "extra"),
    [
        ("1.20", None, {}),
        ("1.22", None, {}),
        ("1.23", None, {"forward_not_matching_preflights": True}),
        ("1.31", "FORWARD", {"forward_not_matching_preflights": True}),
        ("1.31", "IGNORE", {"forward_not_matching_preflights": False}),
    ],
)
def test_cors_is_configuration_of_the_cors_filter_from_1_20(
    release: str, preflights: str | None, extra: dict[str, Any]
) -> None:
    policy = POLICY | ({"unmatchedPreflights": preflights} if preflights else {})
    made = routed(release=release, corsPolicy=policy)
    assert made["typed_per_filter_config"] == {
        "envoy.filters.http.cors": {
            "@type": f"{TYPES}.filters.http.cors.v3.CorsPolicy",
            **CORS,
            **extra,
        }
    }
    assert "cors" not in made["route"]


def test_the_old_list_of_origins_means_exact_ones() -> None:
    made = routed(corsPolicy={"allowOrigin": ["https://a.test"]})
    config = made["typed_per_filter_config"]["envoy.filters.http.cors"]
    assert config["allow_origin_string_match"] == [{"exact": "https://a.test"}]
