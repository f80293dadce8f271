"""Servers of a Gateway that read no HTTP: what TCP and TLS routes make of their connections."""

from typing import Any

import pytest

from clusters.pilot.documents import Document
from clusters.pilot.listeners import HCM
from tests.pilot.building import document, envoy_filter, named, pushed, service_entry
from tests.pilot.test_tls_servers import CREDENTIAL, gateway, http, https
from tests.pilot.test_validation import refusal

TCP_PROXY = "envoy.filters.network.tcp_proxy"
PASSTHROUGH = {"mode": "PASSTHROUGH"}
DATABASE = service_entry("database", ports=[{"number": 5432, "name": "tcp", "protocol": "TCP"}])
CLUSTER = "outbound|5432||database.default.svc.cluster.local"


def server(protocol: str, *hosts: str, name: str = "s", **rest: Any) -> dict[str, Any]:
    port = {"number": rest.pop("port", 9000), "name": name, "protocol": protocol}
    return {"port": port, "hosts": list(hosts or ("*",)), **rest}


def to(host: str = "database", **rest: Any) -> dict[str, Any]:
    return {"destination": {"host": host}, **rest}


def routes(name: str = "vs", *, hosts: Any = ("*",), **spec: Any) -> Document:
    return document("VirtualService", name, {"hosts": list(hosts), "gateways": ["gw"], **spec})


def tls(*names: str, **match: Any) -> dict[str, Any]:
    return {"match": [{"sniHosts": list(names), **match}], "route": [to()]}


def rule(**spec: Any) -> Document:
    return document("DestinationRule", "database", {"host": "database", **spec})


def chains(*documents: Document, release: str = "latest") -> list[dict[str, Any]]:
    found = pushed(*documents, DATABASE, release=release).listeners
    return [chain for listener in found for chain in listener["filter_chains"]]


def proxy(chain: dict[str, Any]) -> dict[str, Any]:
    (found,) = (one for one in chain["filters"] if one["name"] == TCP_PROXY)
    config: dict[str, Any] = found["typed_config"]
    return config


def names(chain: dict[str, Any]) -> list[str]:
    found: list[str] = chain.get("filter_chain_match", {}).get("server_names", [])
    return found


@pytest.mark.parametrize("release", ["1.9", "1.24", "1.31"])
def test_a_tcp_server_hands_its_connections_to_the_service_of_its_route(release: str) -> None:
    (chain,) = chains(gateway(server("TCP")), routes(tcp=[{"route": [to()]}]), release=release)
    assert proxy(chain)["cluster"] == proxy(chain)["stat_prefix"] == CLUSTER
    assert not names(chain)
    assert "transport_socket" not in chain


@pytest.mark.parametrize(
    ("one", "virtual_service"),
    [
        (server("TCP"), routes(http=[{"route": [to()]}])),
        (server("TCP"), routes(tcp=[{"match": [{"port": 1}], "route": [to()]}])),
        (server("TCP", "a.test"), routes(hosts=["b.test"], tcp=[{"route": [to()]}])),
        (server("TLS", tls=PASSTHROUGH), routes(tcp=[{"route": [to()]}])),
        (server("TLS", tls=CREDENTIAL), routes(tls=[tls("a.test")])),
        (https(tls=PASSTHROUGH), routes(http=[{"route": [to()]}])),
    ],
    ids=("HTTP routes", "another port", "another host", "passes", "ends", "HTTPS that passes"),
)
def test_without_a_route_of_its_sort_there_is_no_listener(one: Any, virtual_service: Any) -> None:
    assert not pushed(gateway(one), virtual_service, DATABASE).listeners


def test_tls_that_passes_through_has_a_chain_for_the_names_of_each_match() -> None:
    first, second = chains(
        gateway(server("TLS", tls=PASSTHROUGH)),
        routes(tls=[tls("b.test", "a.test"), tls("*"), tls("a.test", "c.test")]),
    )
    assert (names(first), names(second)) == (["a.test", "b.test"], [])
    assert "transport_socket" not in first


def test_tls_that_ends_before_tcp_has_the_names_of_its_server() -> None:
    (chain,) = chains(
        gateway(server("TLS", "b.test", "a.test", tls=CREDENTIAL)),
        routes(hosts=["a.test"], tcp=[{"route": [to()]}]),
    )
    assert names(chain) == ["a.test", "b.test"]
    assert chain["transport_socket"]["name"] == "envoy.transport_sockets.tls"
    assert proxy(chain)["cluster"] == CLUSTER


def test_https_and_tls_that_passes_through_share_a_port() -> None:
    first, second = chains(
        gateway(
            https("a.test", tls=CREDENTIAL, port=9000), server("TLS", "b.test", tls=PASSTHROUGH)
        ),
        routes(hosts=["b.test"], tls=[tls("b.test")]),
    )
    assert [one["name"] for one in first["filters"]] == [HCM]
    assert [one["name"] for one in second["filters"]] == [TCP_PROXY]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (server("TCP"), http(port=9000), [TCP_PROXY]),
        (http(port=9000), server("TCP"), [HCM]),
        (server("TCP"), server("TCP", name="t"), [TCP_PROXY]),
        (server("TCP", bind="127.0.0.9"), http(port=9000, bind="127.0.0.8"), [TCP_PROXY, HCM]),
    ],
    ids=("TCP before HTTP", "HTTP before TCP", "TCP twice", "two addresses"),
)
def test_the_first_plain_server_of_a_port_and_address_keeps_it(
    first: Any, second: Any, kept: list[str]
) -> None:
    found = chains(gateway(first, second), routes(tcp=[{"route": [to()]}]))
    assert [one["filters"][0]["name"] for one in found] == kept


def test_weights_are_shares_of_the_connections() -> None:
    routed = [to(weight=3), to("other", weight=1), to("none", weight=0)]
    (chain,) = chains(gateway(server("TCP")), routes(tcp=[{"route": routed}]))
    assert proxy(chain)["stat_prefix"] == "vs.default"
    assert [one["weight"] for one in proxy(chain)["weighted_clusters"]["clusters"]] == [3, 1]


BY_ADDRESS = {"loadBalancer": {"consistentHash": {"useSourceIp": True}}}
IN_TURN = {"loadBalancer": {"simple": "ROUND_ROBIN"}}
HASHED: dict[str, Any] = {"hash_policy": [{"source_ip": {}}]}
POLICIES: list[tuple[Any, ...]] = [
    (
        "timeouts",
        {
            "trafficPolicy": {
                "connectionPool": {"tcp": {"idleTimeout": "90s", "maxConnectionDuration": "1h"}}
            }
        },
        {"idle_timeout": "90s", "max_downstream_connection_duration": "3600s"},
    ),
    ("the address of the client", {"trafficPolicy": BY_ADDRESS}, HASHED),
    (
        "a subset before all",
        {"trafficPolicy": BY_ADDRESS, "subsets": [{"name": "v", "trafficPolicy": IN_TURN}]},
        {},
    ),
    ("a subset alone", {"subsets": [{"name": "v", "trafficPolicy": BY_ADDRESS}]}, HASHED),
]


@pytest.mark.parametrize(("spec", "expected"), **named(POLICIES))
def test_a_rule_of_the_service_shapes_the_connection(spec: Any, expected: Any) -> None:
    routed = {"destination": {"host": "database", "subset": "v"}}
    (chain,) = chains(gateway(server("TCP")), routes(tcp=[{"route": [routed]}]), rule(**spec))
    own = ("@type", "cluster", "stat_prefix")
    assert {key: value for key, value in proxy(chain).items() if key not in own} == expected


def test_a_patch_finds_the_tcp_proxy_and_no_http_filter() -> None:
    value = {
        "name": "mine",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC",
            "stat_prefix": "mine",
        },
    }
    match = {"listener": {"filterChain": {"filter": {"name": TCP_PROXY}}}}
    patch = {"operation": "INSERT_BEFORE", "value": value}
    snapshot = pushed(
        gateway(server("TCP")),
        routes(tcp=[{"route": [to()]}]),
        DATABASE,
        envoy_filter({"applyTo": "NETWORK_FILTER", "match": match, "patch": patch}),
    )
    (chain,) = snapshot.listeners[0]["filter_chains"]
    assert [one["name"] for one in chain["filters"]] == ["mine", TCP_PROXY]
    assert snapshot.outcomes[0].effective


REFUSED: list[tuple[Any, ...]] = [
    ("no name", {"tls": [{"match": [{"port": 1}], "route": [to()]}]}, "at least one SNI host"),
    ("no match", {"tls": [{"route": [to()]}]}, "must have at least one match condition"),
    ("name elsewhere", {"hosts": ["a.test"], "tls": [tls("b.test")]}, '"b.test" is not a compat'),
    ("nowhere", {"tcp": [{"route": []}]}, "TCP route is required"),
    ("a wildcard", {"tcp": [{"route": [to("*")]}]}, r"invalid destination host \*"),
    ("subnet", {"tcp": [{"match": [{"destinationSubnets": ["a/b"]}]}]}, "not a valid CIDR"),
    ("gateway", {"gateways": ["./gw"], "tcp": [{"route": [to()]}]}, 'namespace: "."'),
]


@pytest.mark.parametrize(("spec", "words"), **named(REFUSED))
def test_routes_of_connections_are_refused_in_the_words_of_the_webhook(
    spec: Any, words: str
) -> None:
    whole = {"hosts": ["*"], "gateways": ["gw"], **spec}
    assert words.replace("\\", "") in refusal(document("VirtualService", "vs", whole))
