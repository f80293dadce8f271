"""The webhook's refusals and warnings, in its own words."""

from typing import Any

import pytest

from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import InvalidDocument
from clusters.pilot.validation import validate
from clusters.release import find
from tests.pilot.building import (
    HCM,
    document,
    envoy_filter,
    gateway,
    lua,
    named,
    on_http_filter,
    service_entry,
    virtual_service,
)

INTERNALS = (
    "EnvoyFilter exposes internal implementation details that may change at any time. "
    "Prefer other APIs if possible, and exercise extreme caution, especially around upgrades."
)
ROUTE = [{"destination": {"host": "a"}}]


def refusal(made: Any, release: str = "latest") -> str:
    with pytest.raises(InvalidDocument) as error:
        validate(made, Behaviours.of(find(release)))
    return str(error.value)


def warnings(made: Any, release: str = "latest") -> tuple[str, ...]:
    return validate(made, Behaviours.of(find(release)))


def match(**fields: Any) -> dict[str, Any]:
    return on_http_filter("ADD", lua()) | {"match": fields}


def network(**fields: Any) -> dict[str, Any]:
    return match(listener={"filterChain": {"filter": fields}})


ERRORS: list[tuple[Any, ...]] = [
    ("null patch", None, "Envoy filter: missing applyTo"),
    ("no applyTo", {"patch": {"operation": "ADD", "value": {}}}, "Envoy filter: missing applyTo"),
    ("no patch", {"applyTo": "HTTP_FILTER"}, "Envoy filter: missing patch"),
    (
        "no operation",
        {"applyTo": "HTTP_FILTER", "patch": {"value": {}}},
        "Envoy filter: missing patch operation",
    ),
    (
        "no value",
        on_http_filter("ADD"),
        "Envoy filter: missing patch value for non-remove operation",
    ),
    (
        "regex",
        on_http_filter("ADD", lua(), proxy={"proxyVersion": "(?=1)"}),
        "Envoy filter: invalid regex for proxy version, [error "
        "parsing regexp: invalid or unsupported Perl syntax: `(?=`]",
    ),
    (
        "other class",
        match(cluster={"name": "x"}),
        "Envoy filter: applyTo for listener class objects cannot have non listener match",
    ),
    ("nameless filter", network(name=""), "Envoy filter: filter match has no name to match on"),
    (
        "subFilter of another filter",
        network(name="envoy.filters.network.tcp_proxy", subFilter={"name": "x"}),
        "Envoy filter: subfilter match requires filter match "
        "with envoy.filters.network.http_connection_manager",
    ),
    (
        "nameless subFilter",
        network(name=HCM, subFilter={}),
        "Envoy filter: subfilter match has no name to match on",
    ),
    (
        "unknown enum",
        on_http_filter(
            "ADD",
            {
                "name": "x",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                    "config": {"failure_policy": "FAIL_SHUT"},
                },
            },
        ),
        "Envoy filter: can't unmarshal Any nested proto "
        "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm: "
        r'unknown value "\"FAIL_SHUT\"" for enum envoy.extensions.wasm.v3.FailurePolicy',
    ),
    (
        "unknown type",
        on_http_filter(
            "ADD", {"name": "x", "typed_config": {"@type": "type.googleapis.com/envoy.No"}}
        ),
        "referenced type unknown: Envoy filter: could not resolve Any message type",
    ),
    (
        "v2 type",
        on_http_filter(
            "ADD",
            {
                "name": "x",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.config.filter.http.router.v2.Router"
                },
            },
        ),
        "referenced type unknown (hint: try using the v3 XDS API): Envoy filter: could not resolve",
    ),
    (
        "wrong JSON type",
        on_http_filter("ADD", {"name": 1}),
        "Envoy filter: json: cannot unmarshal number into Go value of type string",
    ),
]


@pytest.mark.parametrize(("patch", "text"), **named(ERRORS))
def test_an_envoy_filter_is_refused_in_istios_words(patch: Any, text: str) -> None:
    refused = refusal(envoy_filter(patch))
    assert "ef.yaml:1: EnvoyFilter istio-system/ef: 1 error occurred:\n\t* " in refused
    assert text in refused


def test_all_errors_of_a_document_are_told_together() -> None:
    refused = refusal(envoy_filter(on_http_filter("ADD"), None, {"applyTo": "HTTP_FILTER"}))
    assert "3 errors occurred:\n\t* Envoy filter: missing patch value" in refused
    assert refused.endswith("\n\t* Envoy filter: missing applyTo\n\t* Envoy filter: missing patch")


WARNINGS: list[tuple[Any, ...]] = [
    (
        "deprecated filter",
        network(name="envoy.http_connection_manager"),
        'using deprecated filter name "envoy.http_connection_manager"; '
        'use "envoy.filters.network.http_connection_manager" instead',
    ),
    (
        "deprecated subFilter",
        network(name=HCM, subFilter={"name": "envoy.router"}),
        'using deprecated filter name "envoy.router"; use "envoy.filters.http.router" instead',
    ),
    (
        "unknown field",
        on_http_filter("ADD", lua() | {"x": 1}),
        'Envoy filter: unknown field "x" in '
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
    ),
    (
        "deep unknown field",
        on_http_filter("ADD", lua(colour="red")),
        "Envoy filter: can't unmarshal Any nested proto type.googleapis.com/envoy.extensions."
        'filters.http.lua.v3.Lua: unknown field "colour" in '
        "envoy.extensions.filters.http.lua.v3.Lua",
    ),
    (
        "by name",
        on_http_filter("ADD", {"name": "envoy.filters.http.buffer"}),
        "using deprecated types by name without typed_config; envoy.filters.http.buffer",
    ),
    (
        "long version",
        on_http_filter("ADD", lua(), proxy={"proxyVersion": "1" * 1025}),
        "Envoy filter: proxyVersion match exceeds 1024 characters and will be ignored",
    ),
]


@pytest.mark.parametrize(("patch", "text"), **named(WARNINGS))
def test_an_envoy_filter_is_warned_about_in_istios_words(patch: Any, text: str) -> None:
    assert warnings(envoy_filter(patch)) == (INTERNALS, text)


def test_every_envoy_filter_is_warned_about_and_a_good_one_no_further() -> None:
    assert warnings(envoy_filter(on_http_filter("ADD", lua()))) == (INTERNALS,)


def test_a_selector_without_labels_is_warned_about() -> None:
    made = envoy_filter(on_http_filter("ADD", lua()), spec={"workloadSelector": {}})
    text = "workload selector specified without labels, will be applied to all services"
    assert text in warnings(made)[1]


@pytest.mark.parametrize(
    ("patch", "last", "first"),
    [
        (on_http_filter("MERGE_AND_REPLACE_LIST", lua()), "1.30", "1.31"),
        (on_http_filter("ADD", lua(), context="WAYPOINT"), "1.28", "1.29"),
    ],
)
def test_a_release_refuses_the_enum_values_it_does_not_know(
    patch: Any, last: str, first: str
) -> None:
    assert "unknown value " in refusal(envoy_filter(patch), last)
    assert warnings(envoy_filter(patch), first)[0] == INTERNALS


def test_a_long_proxy_version_is_worth_no_word_before_1_31() -> None:
    patch = on_http_filter("ADD", lua(), proxy={"proxyVersion": "1" * 1025})
    assert warnings(envoy_filter(patch), "1.30") == (INTERNALS,)


def test_the_traffic_api_is_v1_from_1_22() -> None:
    made = gateway(api_version="networking.istio.io/v1")
    text = 'no matches for kind "Gateway" in version "networking.istio.io/v1"'
    assert text in refusal(made, "1.21")
    assert warnings(made, "1.22") == ()


TRAFFIC: list[tuple[Any, ...]] = [
    (
        "no server",
        document("Gateway", "g", {"servers": []}),
        "gateway must have at least one server",
    ),
    ("no host", gateway(hosts=()), "server config must contain at least one host"),
    ("port 0", gateway(port=0), "port number 0 must be in the range 1..65535"),
    ("port 65536", gateway(port=65536), "port number 65536 must be in the range"),
    ("no http", virtual_service([]), "http, tcp or tls must be provided"),
    (
        "no action",
        virtual_service([{"match": []}]),
        "HTTP route, redirect or direct_response is required",
    ),
    (
        "two actions",
        virtual_service([{"route": ROUTE, "redirect": {"uri": "/"}}]),
        "HTTP route cannot contain both route and redirect",
    ),
    (
        "no destination",
        virtual_service([{"route": [{"weight": 1}]}]),
        "destination is required",
    ),
    ("no weight", virtual_service([{"route": ROUTE * 2}]), "total destination weight = 0"),
    (
        "negative weight",
        virtual_service([{"route": [{"destination": {"host": "a"}, "weight": -1}]}]),
        "weight -1 < 0",
    ),
    (
        "timeout 0s",
        virtual_service([{"route": ROUTE, "timeout": "0s"}]),
        "duration must be greater than 1ms",
    ),
    (
        "pseudo header",
        virtual_service([{"route": ROUTE, "headers": {"request": {"add": {":path": "/"}}}}]),
        'header cannot have ":" prefix',
    ),
    (
        "regex *",
        virtual_service([{"route": ROUTE, "match": [{"headers": {"a": {"regex": "*"}}}]}]),
        "missing argument to repetition operator: `*`",
    ),
    (
        "two kinds of match",
        virtual_service([{"route": ROUTE, "match": [{"uri": {"exact": "/", "prefix": "/"}}]}]),
        "a string match has one of exact, prefix and regex, not exact, prefix",
    ),
    (
        "redirect code",
        virtual_service([{"redirect": {"uri": "/", "redirectCode": 200}}]),
        "200 is not a valid redirect code, must be 3xx",
    ),
    (
        "endpoints of none",
        service_entry(resolution="NONE"),
        "no endpoints should be provided for resolution type none",
    ),
    (
        "two in turn",
        service_entry(
            resolution="DNS_ROUND_ROBIN", endpoints=[{"address": "a.b"}, {"address": "c.d"}]
        ),
        "there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN",
    ),
    (
        "a pattern by name",
        service_entry(resolution="DNS", endpoints=[], hosts=["*.a.test"]),
        "hosts must be FQDN",
    ),
    (
        "retries that are off",
        virtual_service([{"route": ROUTE, "retries": {"attempts": 0, "retryOn": "5xx"}}]),
        "http retry policy configured when attempts are set to 0 (disabled)",
    ),
    (
        "one port twice",
        service_entry(ports=[{"number": 1, "name": "a", "protocol": "HTTP"}] * 2),
        'service entry port name "a" already defined',
    ),
]


@pytest.mark.parametrize(("made", "text"), **named(TRAFFIC))
def test_a_traffic_document_is_refused(made: Any, text: str) -> None:
    assert text in refusal(made)


def test_good_traffic_documents_are_worth_no_word() -> None:
    routes = [
        {"route": ROUTE, "timeout": "1s", "headers": {"request": {"set": {":authority": "a"}}}}
    ]
    for made in (gateway(port=65535), virtual_service(routes), service_entry()):
        assert warnings(made) == ()
