"""Which ports a gateway listens on, and the listeners made for them."""

from typing import Any

import pytest

from clusters.pilot import protos
from clusters.pilot.node import Node
from tests.pilot.building import (
    HCM,
    document,
    gateway,
    http_filters,
    manager,
    named,
    node,
    pushed,
    service_entry,
    virtual_service,
)

ROUTED = [{"route": [{"destination": {"host": "a"}}]}]


def names(*documents: Any, **fields: Any) -> list[str]:
    return [one["name"] for one in pushed(*documents, **fields).listeners]


SELECTORS: list[tuple[Any, ...]] = [
    ("its label", {"istio": "ingressgateway"}, True),
    ("both labels", {"istio": "ingressgateway", "app": "istio-ingressgateway"}, True),
    ("empty", {}, True),
    ("another value", {"istio": "egressgateway"}, False),
    ("one label too many", {"istio": "ingressgateway", "tier": "edge"}, False),
]


@pytest.mark.parametrize(("selector", "selected"), **named(SELECTORS))
def test_a_gateway_selects_the_proxies_whose_labels_include_its_selector(
    selector: dict[str, str], selected: bool
) -> None:
    assert bool(names(gateway(selector=selector))) is selected


def test_gateways_of_every_namespace_count() -> None:
    assert names(gateway(namespace="far-away")) == ["0.0.0.0_8080"]


def test_without_a_gateway_there_are_clusters_only() -> None:
    found = pushed(service_entry())
    assert (found.listeners, found.routes) == ((), ())
    assert len(found.clusters) == 2


def test_servers_of_one_port_share_a_listener_and_a_route_configuration() -> None:
    found = pushed(gateway(hosts=["a.test"]), gateway("other", hosts=["b.test"]))
    assert [one["name"] for one in found.listeners] == ["0.0.0.0_8080"]
    assert [one["name"] for one in found.routes] == ["http.8080"]


def test_a_bind_makes_a_listener_of_its_own() -> None:
    found = pushed(gateway(server={"bind": "127.0.0.1"}), gateway("other"))
    assert [one["name"] for one in found.listeners] == ["127.0.0.1_8080", "0.0.0.0_8080"]
    assert [one["name"] for one in found.routes] == ["http.8080.127.0.0.1", "http.8080"]
    assert found.listeners[0]["address"]["socket_address"]["address"] == "127.0.0.1"


def ingress_service(address: str = "127.0.0.1", **fields: Any) -> Any:
    spec = {
        "namespace": "istio-system",
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 8080}],
        "endpoints": [{"address": address, "labels": {"istio": "ingressgateway"}}],
    }
    return service_entry("ingress", **(spec | fields))


TRANSLATED: list[tuple[Any, ...]] = [
    ("its service", ingress_service(), "0.0.0.0_8080"),
    ("another proxy's service", ingress_service("127.0.0.9"), "0.0.0.0_80"),
    ("a service of another namespace", ingress_service(namespace="default"), "0.0.0.0_80"),
    (
        "another port of its service",
        ingress_service(ports=[{"number": 81, "name": "http", "protocol": "HTTP"}]),
        "0.0.0.0_80",
    ),
    (
        "ports of the endpoint",
        ingress_service(
            endpoints=[
                {
                    "address": "127.0.0.1",
                    "labels": {"istio": "ingressgateway"},
                    "ports": {"http": 9999},
                }
            ]
        ),
        "0.0.0.0_9999",
    ),
]


@pytest.mark.parametrize(("service", "listener"), **named(TRANSLATED))
def test_a_gateway_port_becomes_the_target_port_of_the_proxys_service(
    service: Any, listener: str
) -> None:
    assert names(gateway(port=80), service) == [listener]


@pytest.mark.parametrize(
    ("release", "route"),
    [("1.9", "http.80"), ("1.10", "http.80"), ("1.11", "http.8080"), ("1.31", "http.8080")],
)
def test_a_route_configuration_is_named_after_the_target_port_from_1_11(
    release: str, route: str
) -> None:
    found = pushed(gateway(port=80), ingress_service(), virtual_service(ROUTED), release=release)
    assert manager(found)["rds"]["route_config_name"] == route
    assert [one["name"] for one in found.routes] == [route]
    assert found.routes[0]["virtual_hosts"][0]["name"] == "*:80"


@pytest.mark.parametrize(("unprivileged", "listeners"), [("true", []), ("false", ["0.0.0.0_80"])])
def test_an_unprivileged_pod_has_no_listener_below_1024(
    unprivileged: str, listeners: list[str]
) -> None:
    base = node()
    proxy = Node(
        id=base.id,
        namespace=base.namespace,
        labels=base.labels,
        metadata={**base.metadata, "UNPRIVILEGED_POD": unprivileged},
    )
    assert names(gateway(port=80), node=proxy) == listeners


UUID = "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig"
STATS, WEB = "envoy.filters.http.grpc_stats", "envoy.filters.http.grpc_web"
PROTOCOLS = [
    ("1.17", "HTTP", []),
    ("1.17", "HTTP2", []),
    ("1.17", "GRPC", [STATS]),
    ("1.17", "GRPC-WEB", [WEB, STATS]),
    ("1.18", "HTTP", [STATS]),
    ("1.18", "GRPC", [STATS]),
    ("1.18", "GRPC-WEB", [WEB, STATS]),
    ("1.31", "grpc-web", [WEB, STATS]),
]


@pytest.mark.parametrize(("release", "protocol", "grpc"), PROTOCOLS)
def test_grpc_filters_depend_on_the_server_protocol(
    release: str, protocol: str, grpc: list[str]
) -> None:
    found = pushed(gateway(protocol=protocol), release=release)
    assert http_filters(found)[: len(grpc)] == grpc
    assert len(http_filters(found)) == len(grpc) + 3


SINCE: list[tuple[Any, ...]] = [
    (
        "1.23",
        lambda found: manager(found)["stat_prefix"],
        "outbound_0.0.0.0_8080",
        "outbound_0.0.0.0_8080;",
    ),
    ("1.23", lambda found: manager(found).get("proxy_100_continue"), None, True),
    (
        "1.24",
        lambda found: found.listeners[0]["filter_chains"][0].get(
            "transport_socket_connect_timeout"
        ),
        None,
        "15s",
    ),
    (
        "1.26",
        lambda found: found.listeners[0].get("max_connections_to_accept_per_socket_event"),
        None,
        1,
    ),
]


@pytest.mark.parametrize(("first", "read", "before", "after"), SINCE)
def test_a_listener_setting_begins_with_its_release(
    first: str, read: Any, before: Any, after: Any
) -> None:
    minor = int(first.partition(".")[2])
    for release, expected in ((f"1.{minor - 1}", before), (first, after), ("1.31", after)):
        assert read(pushed(gateway(), release=release)) == expected
    assert read(pushed(gateway(), release="1.9")) == before


def test_the_listener_of_1_31_is_the_one_istiod_sends() -> None:
    (listener,) = pushed(gateway(), release="1.31").listeners
    chain = listener.pop("filter_chains")[0]
    assert listener == {
        "name": "0.0.0.0_8080",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 8080}},
        "traffic_direction": "OUTBOUND",
        "max_connections_to_accept_per_socket_event": 1,
    }
    (network,) = chain.pop("filters")
    assert chain == {"transport_socket_connect_timeout": "15s"}
    assert network["name"] == HCM
    config = network["typed_config"]
    filters = config.pop("http_filters")
    assert filters[0]["typed_config"] == {
        "@type": f"{protos.TYPE_PREFIX}envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
        "emit_filter_state": True,
        "stats_for_all_methods": False,
    }
    assert config == {
        "@type": f"{protos.TYPE_PREFIX}envoy.extensions.{HCM[6:]}.v3.HttpConnectionManager",
        "stat_prefix": "outbound_0.0.0.0_8080;",
        "rds": {
            "config_source": {
                "ads": {},
                "initial_fetch_timeout": "0s",
                "resource_api_version": "V3",
            },
            "route_config_name": "http.8080",
        },
        "use_remote_address": True,
        "normalize_path": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "stream_idle_timeout": "0s",
        "server_name": "istio-envoy",
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {
            "subject": True,
            "cert": True,
            "dns": True,
            "uri": True,
        },
        "http_protocol_options": {},
        "proxy_100_continue": True,
        "request_id_extension": {
            "typed_config": {
                "@type": protos.TYPE_PREFIX + UUID,
                "use_request_id_for_trace_sampling": True,
            }
        },
    }


def test_older_gateways_come_first() -> None:
    young = gateway("a", port=1, creationTimestamp="2022-01-02T00:00:00Z")
    old = gateway("b", port=2, creationTimestamp="2022-01-01T00:00:00Z")
    undated = gateway("c", port=3)
    assert names(young, old, undated) == ["0.0.0.0_3", "0.0.0.0_2", "0.0.0.0_1"]


def test_a_gateway_may_have_many_servers() -> None:
    servers = [
        {"port": {"number": port, "name": f"p{port}", "protocol": "HTTP"}, "hosts": ["*"]}
        for port in (8080, 8081)
    ]
    assert names(document("Gateway", "g", {"servers": servers})) == ["0.0.0.0_8080", "0.0.0.0_8081"]
