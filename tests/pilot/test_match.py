"""Each test of a match says what was wanted, what was found, and what would match."""

from typing import Any

import pytest

from clusters.pilot.node import Node
from tests.pilot.building import (
    HCM,
    envoy_filter,
    gateway,
    lua,
    named,
    node,
    on_http_filter,
    pushed,
)


def outcome(patch: dict[str, Any], release: str = "latest", proxy: Node | None = None) -> Any:
    return pushed(gateway(), envoy_filter(patch), release=release, node=proxy).outcomes[0]


def first(**match: Any) -> dict[str, Any]:
    return on_http_filter("INSERT_BEFORE", lua()) | {"match": match}


VERSIONS = [
    (r"^1\.9.*", "1.9.9", True),
    (r"^1\.9.*", "1.9", True),
    (r"^1\.9.*", "1.10.6", False),
    (r"^1\.9.*", "1.31.0", False),
    (r"^1\.1.*", "1.12.0", True),
    (r"^1\.16.*", "1.16.0-alpha", True),
    (r"1\.9", "1.31.9", True),
    ("9", "1.9.9", True),
    (r"^1\.9$", "1.9.9", False),
    ("", "1.31.0", True),
    (r"^1\.9.*", "", False),
    ("", "", True),
]


@pytest.mark.parametrize(("pattern", "version", "matches"), VERSIONS)
def test_proxy_version_is_searched_for_in_the_proxys_version(
    pattern: str, version: str, matches: bool
) -> None:
    patch = first(proxy={"proxyVersion": pattern})
    assert outcome(patch, proxy=node(version)).effective is matches


def test_a_version_that_is_not_text_matches_no_pattern() -> None:
    proxy = node("")
    odd = Node(
        id=proxy.id, namespace=proxy.namespace, labels=proxy.labels, metadata={"ISTIO_VERSION": 1.9}
    )
    one = outcome(first(proxy={"proxyVersion": "1"}), proxy=odd)
    assert one.sentence == "proxyVersion `1` matches no proxy that sends no ISTIO_VERSION"


@pytest.mark.parametrize(("release", "effective"), [("1.30", True), ("1.31", False)])
def test_a_proxy_version_above_1024_bytes_matches_no_proxy_from_1_31(
    release: str, effective: bool
) -> None:
    patch = first(proxy={"proxyVersion": "1" + "|x" * 512})
    one = outcome(patch, release)
    assert one.effective is effective
    assert effective or "has 1025 bytes, and one above 1024 matches no proxy" in one.sentence


METADATA: list[tuple[str, Any, bool]] = [
    ("edge", "edge", True),
    ("edge", "core", False),
    ("true", True, False),
    ("1", 1, False),
    ("x", None, False),
]


@pytest.mark.parametrize(("wanted", "sent", "matches"), METADATA)
def test_metadata_matches_text_only(wanted: str, sent: Any, matches: bool) -> None:
    base = node()
    proxy = Node(
        id=base.id,
        namespace=base.namespace,
        labels=base.labels,
        metadata={**base.metadata, "TEAM": sent},
    )
    one = outcome(first(proxy={"metadata": {"TEAM": wanted}}), proxy=proxy)
    assert one.effective is matches
    assert matches or f"proxy metadata TEAM must be `{wanted}`" in one.sentence


@pytest.mark.parametrize(
    ("context", "effective"),
    [
        ("ANY", True),
        ("GATEWAY", True),
        ("SIDECAR_INBOUND", False),
        ("SIDECAR_OUTBOUND", False),
        ("WAYPOINT", False),
    ],
)
def test_only_the_contexts_gateway_and_any_reach_a_gateway(context: str, effective: bool) -> None:
    one = outcome(first(context=context))
    assert one.effective is effective
    expected = f"the context {context} never reaches a gateway; write GATEWAY or ANY"
    assert effective or one.sentence == expected


def test_no_match_and_an_empty_match_are_for_everything() -> None:
    patch = on_http_filter("INSERT_BEFORE", lua())
    empty: list[Any] = [{}, None, {"listener": {}}, {"listener": {"filterChain": {}}}]
    for match in empty:
        assert outcome(patch | {"match": match}).effective


LISTENERS: list[tuple[Any, ...]] = [
    ("name", {"name": "0.0.0.0_8080"}, None),
    (
        "another name",
        {"name": "0.0.0.0_80"},
        "the match names listener 0.0.0.0_80, the gateway has 0.0.0.0_8080",
    ),
    ("port", {"portNumber": 8080}, None),
    (
        "another port",
        {"portNumber": 80},
        "the match names port 80, listener 0.0.0.0_8080 has 8080",
    ),
    ("portName is never read", {"portName": "https"}, None),
    ("filter", {"filterChain": {"filter": {"name": HCM}}}, None),
    (
        "another filter",
        {"filterChain": {"filter": {"name": "envoy.filters.network.tcp_proxy"}}},
        "no network filter `envoy.filters.network.tcp_proxy` in listener 0.0.0.0_8080, "
        f"which has: {HCM}",
    ),
    (
        "chain name",
        {"filterChain": {"name": "main"}},
        "the match names filter chain main, that of listener 0.0.0.0_8080 has none",
    ),
    (
        "sni",
        {"filterChain": {"sni": "a.test"}},
        "the match wants server_names a.test, the filter chain of listener 0.0.0.0_8080 has none",
    ),
    (
        "transport protocol",
        {"filterChain": {"transportProtocol": "tls"}},
        "the match wants transportProtocol tls, the filter chain",
    ),
    (
        "application protocols",
        {"filterChain": {"applicationProtocols": "h2,http/1.1"}},
        "the match wants application_protocols h2",
    ),
    (
        "destination port",
        {"filterChain": {"destinationPort": 8080}},
        "the match wants destinationPort 8080, the filter chain",
    ),
]


@pytest.mark.parametrize(("match", "reason"), **named(LISTENERS))
def test_a_listener_match_says_why_it_does_not_match(
    match: dict[str, Any], reason: str | None
) -> None:
    one = outcome(first(listener=match))
    assert one.effective is (reason is None)
    assert reason is None or one.sentence.startswith(reason)


@pytest.mark.parametrize(
    ("chain", "last_that_ignores"),
    [({"name": "main"}, "1.9"), ({"applicationProtocols": "h2"}, "1.20")],
)
def test_old_releases_do_not_read_every_field_of_a_filter_chain(
    chain: dict[str, Any], last_that_ignores: str
) -> None:
    patch = first(listener={"filterChain": chain})
    minor = int(last_that_ignores.partition(".")[2])
    assert outcome(patch, last_that_ignores).effective
    assert not outcome(patch, f"1.{minor + 1}").effective


DEPRECATED = [
    ("envoy.http_connection_manager", None, HCM),
    (HCM, "envoy.router", "envoy.filters.http.router"),
    (HCM, "envoy.cors", "envoy.filters.http.cors"),
    (HCM, "envoy.fault", "envoy.filters.http.fault"),
]


@pytest.mark.parametrize(("network", "sub", "canonical"), DEPRECATED)
@pytest.mark.parametrize(
    ("release", "effective"), [("1.9", True), ("1.18", True), ("1.19", False), ("1.31", False)]
)
def test_deprecated_filter_names_match_until_1_18(
    network: str, sub: str | None, canonical: str, release: str, effective: bool
) -> None:
    chosen = {"name": network} | ({"subFilter": {"name": sub}} if sub else {})
    one = outcome(first(listener={"filterChain": {"filter": chosen}}), release)
    assert one.effective is effective
    assert effective or one.sentence == (
        f"the match names the deprecated filter `{sub or network}`, which Istio 1.19 and later "
        f"no longer match; write `{canonical}`"
    )


def test_the_first_condition_that_fails_is_the_one_told() -> None:
    patch = first(
        context="SIDECAR_INBOUND",
        proxy={"proxyVersion": r"^1\.9.*"},
        listener={"portNumber": 1},
    )
    assert outcome(patch).sentence.startswith("proxyVersion")
    del patch["match"]["proxy"]
    assert outcome(patch).sentence.startswith("the context")
    del patch["match"]["context"]
    assert outcome(patch).sentence.startswith("the match names port")


def test_of_several_listeners_the_one_that_came_farthest_is_told() -> None:
    patch = on_http_filter("INSERT_BEFORE", lua(), sub="envoy.filters.http.lua")
    patch["match"]["listener"]["portNumber"] = 8081
    made = [gateway(), gateway("other", port=8081), gateway("third", port=8082)]
    one = pushed(*made, envoy_filter(patch)).outcomes[0]
    assert one.sentence.startswith("no HTTP filter `envoy.filters.http.lua` in listener 0.0.0.0_80")
    assert "0.0.0.0_8081, which has: envoy.filters.http.grpc_stats" in one.sentence


def test_a_proxy_without_listeners_is_told() -> None:
    one = pushed(envoy_filter(first())).outcomes[0]
    assert (one.effective, one.sentence) == (False, "no Gateway gives the proxy a listener")
