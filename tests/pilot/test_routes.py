"""One HTTP route of a VirtualService as Envoy's route: match, action, headers, filters."""

from typing import Any

import pytest

from clusters.pilot.documents import NotBuilt
from tests.pilot.building import gateway, named, pushed, service_entry, virtual_service

TYPES = "type.googleapis.com/envoy.extensions"
DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
PREVIOUS_HOSTS = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {"@type": f"{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
}


def to(host: str = "a", **fields: Any) -> dict[str, Any]:
    return {"destination": {"host": host, "port": {"number": 1}}, **fields}


def routed(*, release: str = "latest", **http: Any) -> dict[str, Any]:
    if not {"route", "redirect", "directResponse"} & set(http):
        http["route"] = [to()]
    found = pushed(gateway(), virtual_service([http]), release=release).routes[0]
    made: dict[str, Any] = found["virtual_hosts"][0]["routes"][0]
    return made


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


def test_the_action_of_1_31_is_the_one_istiod_sends() -> None:
    assert routed(release="1.31")["route"] == {
        "cluster": "outbound|1||a.default.svc.cluster.local",
        "timeout": "0s",
        "max_grpc_timeout": "0s",
        "retry_policy": {
            "retry_on": DEFAULT_RETRY_ON,
            "num_retries": 2,
            "retry_host_predicate": [PREVIOUS_HOSTS],
            "host_selection_retry_max_attempts": "5",
        },
    }


CLUSTERS: list[tuple[Any, ...]] = [
    ("port given", {"host": "a", "port": {"number": 1}}, "outbound|1||a.default.svc.cluster.local"),
    (
        "subset",
        {"host": "a", "port": {"number": 1}, "subset": "v1"},
        "outbound|1|v1|a.default.svc.cluster.local",
    ),
    (
        "the only port of a service",
        {"host": "productpage"},
        "outbound|9080||productpage.default.svc.cluster.local",
    ),
    ("one of several ports", {"host": "two.test"}, "outbound|8080||two.test"),
    ("an unknown service", {"host": "nowhere.test"}, "outbound|8080||nowhere.test"),
]


@pytest.mark.parametrize(("destination", "cluster"), **named(CLUSTERS))
def test_a_destination_names_a_cluster(destination: dict[str, Any], cluster: str) -> None:
    ports = [{"number": one, "name": f"p{one}", "protocol": "HTTP"} for one in (1, 2)]
    found = pushed(
        gateway(),
        service_entry(),
        service_entry("two", hosts=["two.test"], ports=ports),
        virtual_service([{"route": [{"destination": destination}]}]),
    )
    (host,) = found.routes[0]["virtual_hosts"]
    assert host["routes"][0]["route"]["cluster"] == cluster


def test_weights_share_a_route_and_zero_takes_no_part() -> None:
    action = routed(route=[to(weight=80), to("b", weight=20), to("c", weight=0)])["route"]
    assert action["weighted_clusters"] == {
        "clusters": [
            {"name": "outbound|1||a.default.svc.cluster.local", "weight": 80},
            {"name": "outbound|1||b.default.svc.cluster.local", "weight": 20},
        ]
    }


@pytest.mark.parametrize(
    ("written", "sent"), [("1s", "1s"), ("1.5s", "1.500s"), ("100ms", "0.100s"), ("1m30s", "90s")]
)
def test_a_timeout_is_sent_in_seconds(written: str, sent: str) -> None:
    action = routed(timeout=written)["route"]
    assert (action["timeout"], action["max_grpc_timeout"]) == (sent, sent)


RETRIES: list[tuple[Any, ...]] = [
    ("attempts", {"attempts": 3}, {"num_retries": 3, "retry_on": DEFAULT_RETRY_ON}),
    (
        "conditions",
        {"attempts": 3, "retryOn": "5xx, reset"},
        {"num_retries": 3, "retry_on": "5xx,reset"},
    ),
    (
        "statuses",
        {"attempts": 1, "retryOn": "5xx,503,429"},
        {
            "num_retries": 1,
            "retry_on": "5xx,retriable-status-codes",
            "retriable_status_codes": [503, 429],
        },
    ),
    ("no status", {"attempts": 1, "retryOn": "799"}, {"num_retries": 1, "retry_on": "799"}),
    (
        "per try",
        {"attempts": 1, "perTryTimeout": "2s"},
        {"num_retries": 1, "retry_on": DEFAULT_RETRY_ON, "per_try_timeout": "2s"},
    ),
]


@pytest.mark.parametrize(("retries", "expected"), **named(RETRIES))
def test_retries_are_the_written_ones(retries: dict[str, Any], expected: dict[str, Any]) -> None:
    policy = routed(retries=retries)["route"]["retry_policy"]
    assert policy == expected | {
        "retry_host_predicate": [PREVIOUS_HOSTS],
        "host_selection_retry_max_attempts": "5",
    }


def test_no_attempts_are_no_retries() -> None:
    for retries in ({"attempts": 0}, {"retryOn": "5xx"}, {}):
        assert "retry_policy" not in routed(retries=retries)["route"]


@pytest.mark.parametrize(("release", "codes"), [("1.9", [503]), ("1.23", [503]), ("1.24", None)])
def test_default_retries_include_503_until_1_23(release: str, codes: Any) -> None:
    assert routed(release=release)["route"]["retry_policy"].get("retriable_status_codes") == codes


@pytest.mark.parametrize(("release", "acts"), [("1.30", False), ("1.31", True)])
def test_backoff_and_previous_hosts_act_from_1_31(release: str, acts: bool) -> None:
    retries = {"attempts": 1, "backoff": "50ms", "retryIgnorePreviousHosts": False}
    policy = routed(release=release, retries=retries)["route"]["retry_policy"]
    assert policy.get("retry_back_off") == ({"base_interval": "0.050s"} if acts else None)
    assert ("retry_host_predicate" not in policy) is acts


REWRITES: list[tuple[Any, ...]] = [
    ("uri", {"uri": "/b"}, {"prefix_rewrite": "/b"}),
    ("authority", {"authority": "b.test"}, {"host_rewrite_literal": "b.test"}),
    (
        "regex",
        {"uriRegexRewrite": {"match": "^/a", "rewrite": "/b"}},
        {"regex_rewrite": {"pattern": {"regex": "^/a"}, "substitution": "/b"}},
    ),
]


@pytest.mark.parametrize(("rewrite", "expected"), **named(REWRITES))
def test_a_rewrite_changes_path_or_host(rewrite: dict[str, Any], expected: dict[str, Any]) -> None:
    action = routed(rewrite=rewrite)["route"]
    assert action.items() >= expected.items()


REDIRECTS: list[tuple[Any, ...]] = [
    ("path", {"uri": "/b"}, {"path_redirect": "/b"}),
    ("host", {"authority": "b.test"}, {"path_redirect": "", "host_redirect": "b.test"}),
    (
        "code",
        {"uri": "/b", "redirectCode": 307},
        {"path_redirect": "/b", "response_code": "TEMPORARY_REDIRECT"},
    ),
    ("scheme", {"scheme": "https"}, {"path_redirect": "", "scheme_redirect": "https"}),
    ("port", {"uri": "/", "port": 8443}, {"path_redirect": "/", "port_redirect": 8443}),
    ("default port", {"uri": "/", "port": 80}, {"path_redirect": "/"}),
    (
        "default https port",
        {"scheme": "https", "port": 443},
        {"path_redirect": "", "scheme_redirect": "https"},
    ),
    (
        "port of the request",
        {"uri": "/", "derivePort": "FROM_REQUEST_PORT"},
        {"path_redirect": "/", "port_redirect": 8080},
    ),
    (
        "port of the protocol",
        {"uri": "/", "derivePort": "FROM_PROTOCOL_DEFAULT"},
        {"path_redirect": "/"},
    ),
]


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        (301, None),
        (302, "FOUND"),
        (303, "SEE_OTHER"),
        (307, "TEMPORARY_REDIRECT"),
        (308, "PERMANENT_REDIRECT"),
    ],
)
def test_a_redirect_has_the_code_it_asks_for(code: int, sent: str | None) -> None:
    made = routed(redirect={"uri": "/", "redirectCode": code})["redirect"]
    assert made.get("response_code") == sent


@pytest.mark.parametrize(("redirect", "expected"), **named(REDIRECTS))
def test_a_redirect_is_answered_by_the_gateway(
    redirect: dict[str, Any], expected: dict[str, Any]
) -> None:
    made = routed(redirect=redirect)
    assert made["redirect"] == expected
    assert "route" not in made


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (None, None),
        ({"string": "hi"}, {"inline_string": "hi"}),
        ({"bytes": "aGk="}, {"inline_bytes": "aGk="}),
    ],
)
def test_a_direct_response_is_answered_by_the_gateway(body: Any, sent: Any) -> None:
    response = {"status": 418} | ({"body": body} if body else {})
    made = routed(directResponse=response)["direct_response"]
    assert made == {"status": 418} | ({"body": sent} if sent else {})


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
    for release, keeps in (("1.30", {}), ("1.31", {"disable_shadow_host_suffix_append": True})):
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
        ("1.23", "IGNORE", {}),
        ("1.24", None, {"forward_not_matching_preflights": True}),
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
