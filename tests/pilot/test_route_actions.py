"""What a VirtualService's HTTP route does with a request, as Envoy's route action."""

from typing import Any

import pytest

from tests.pilot.building import (
    TYPES,
    gateway,
    named,
    pushed,
    routed,
    service_entry,
    to,
    virtual_service,
)

DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
PREVIOUS_HOSTS = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {"@type": f"{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
}


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
        {"attempts": 3, "retryOn": "5xx,reset"},
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


def test_retries_may_leave_the_locality() -> None:
    policy = routed(retries={"attempts": 1, "retryRemoteLocalities": True})["route"]["retry_policy"]
    assert policy["retry_priority"] == {
        "name": "envoy.retry_priorities.previous_priorities",
        "typed_config": {
            "@type": f"{TYPES}.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            "update_frequency": 2,
        },
    }


def test_no_attempts_are_no_retries() -> None:
    for retries in ({"attempts": 0}, {}):
        assert "retry_policy" not in routed(retries=retries)["route"]


@pytest.mark.parametrize(("release", "codes"), [("1.9", [503]), ("1.23", [503]), ("1.24", None)])
def test_default_retries_include_503_until_1_23(release: str, codes: Any) -> None:
    assert routed(release=release)["route"]["retry_policy"].get("retriable_status_codes") == codes


@pytest.mark.parametrize(("release", "acts"), [("1.25", False), ("1.26", True)])
def test_backoff_and_previous_hosts_act_from_1_26(release: str, acts: bool) -> None:
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
