"""Where plugins stand among the filters of a gateway, and which of them are there."""

from typing import Any

import pytest

from clusters.pilot.documents import Document
from clusters.pilot.protos import LDS, pack
from clusters.pilot.push import Snapshot
from tests.pilot.building import (
    CORS,
    FAULT,
    HCM,
    ROUTER,
    STATS,
    document,
    envoy_filter,
    gateway,
    http_filters,
    lua,
    manager,
    node,
    on_http_filter,
    pushed,
)
from tests.pilot.test_wasm_configuration import plugin

TAIL = [STATS, FAULT, CORS, ROUTER]
NAME = "extensions.istio.io/trafficextension/istio-system.mine~istio-translated-wasmplugin"


def order(
    *documents: Document, release: str = "1.31", namespace: str = "istio-system"
) -> list[str]:
    """The short names of the plugins in a listener, in order."""
    found = pushed(gateway(), *documents, release=release, node=node("1.31.0", namespace=namespace))
    names = (name.rpartition("/")[2].partition("~")[0] for name in http_filters(found))
    return [name.partition(".")[2] for name in names if not name.startswith("envoy.")]


def told(*documents: Document, **options: Any) -> tuple[bool, str]:
    """What became of the last document."""
    outcome = pushed(*documents, **options).outcomes[-1]
    return outcome.effective, outcome.sentence


def test_a_plugin_stands_before_what_istio_makes() -> None:
    found = pushed(gateway(), plugin(phase="AUTHN"))

    assert http_filters(found) == [NAME, *TAIL]
    (outcome,) = found.outcomes
    assert outcome.effective
    assert outcome.part == "HTTP_FILTER phase AUTHN"
    assert outcome.sentence == (
        f"is HTTP filter 1 of 5 ({', '.join([NAME, *TAIL])}) in listener 0.0.0.0_8080"
    )


@pytest.mark.parametrize("release", ["1.12", "1.18", "1.24", "1.31"])
def test_a_plugin_stands_before_grpc_web_too(release: str) -> None:
    found = pushed(gateway(protocol="GRPC-WEB"), plugin(), release=release)

    assert http_filters(found)[1:3] == ["envoy.filters.http.grpc_web", STATS]


TYPE_URLS = {
    "1.12": 1,
    "1.14.5": 1,
    "1.14.6": 2,
    "1.15.3": 1,
    "1.15.4": 2,
    "1.16": 2,
    "1.31": 2,
}


@pytest.mark.parametrize("release", TYPE_URLS)
def test_the_filter_asks_for_wasm_and_what_may_come_in_its_place(release: str) -> None:
    found = pushed(gateway(), plugin(), release=release)
    pack(found.listeners[0], LDS)
    discovery = manager(found)["http_filters"][0]["config_discovery"]

    prefix = "type.googleapis.com/envoy.extensions.filters.http"
    urls = [f"{prefix}.wasm.v3.Wasm", f"{prefix}.rbac.v3.RBAC"]
    assert discovery["type_urls"] == urls[: TYPE_URLS[release]]
    assert discovery["config_source"] == {
        "ads": {},
        "initial_fetch_timeout": "0s",
        "resource_api_version": "V3",
    }


def test_phases_decide_before_priorities_and_priorities_before_age() -> None:
    documents = [
        plugin("none"),
        plugin("high", priority=1000),
        plugin("stats", phase="STATS"),
        plugin("authz-low", phase="AUTHZ", priority=-1),
        plugin("authz", phase="AUTHZ"),
        plugin("authz-high", phase="AUTHZ", priority=1),
        plugin("authn-new", phase="AUTHN", creationTimestamp="2022-01-01T00:00:00Z"),
        plugin("authn-old", phase="AUTHN", creationTimestamp="2021-01-01T00:00:00Z"),
        plugin("authn-b", phase="AUTHN", creationTimestamp="2023-01-01T00:00:00Z"),
        plugin("authn-a", phase="AUTHN", creationTimestamp="2023-01-01T00:00:00Z"),
    ]
    expected = ["authn-old", "authn-new", "authn-a", "authn-b", "authz-high", "authz-low", "authz"]

    assert order(*documents) == [*expected, "stats", "high", "none"]
    assert order(*reversed(documents)) == [*expected, "stats", "high", "none"]


@pytest.mark.parametrize(
    ("release", "expected"), [("1.12", ["root", "mine"]), ("1.13", ["mine", "root"])]
)
def test_of_equals_those_of_the_proxys_namespace_come_first_since_1_13(
    release: str, expected: list[str]
) -> None:
    mine, root = plugin("mine", namespace="prod"), plugin("root")

    assert order(root, mine, release=release, namespace="prod") == expected
    assert order(mine, root, release=release, namespace="prod") == expected


def test_a_plugin_of_another_namespace_is_not_even_served() -> None:
    found = pushed(gateway(), plugin(namespace="default"))

    assert (http_filters(found), found.extensions) == (TAIL, ())
    assert "namespace default is neither the root" in found.outcomes[0].sentence


def test_a_selector_for_others_is_told() -> None:
    for labels, has in (({"istio": "x"}, "istio=ingressgateway"), ({"a": "b"}, "no label a")):
        found = pushed(gateway(), plugin(selector={"matchLabels": labels}))

        assert http_filters(found) == TAIL
        (name, value), *_ = labels.items()
        assert found.outcomes[0].sentence == (
            f"selector.matchLabels asks for {name}={value}, the proxy has {has}"
        )


TARGET = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "mine"}
GATEWAY_API = {"istio": "ingressgateway", "gateway.networking.k8s.io/gateway-name": "mine"}


def test_targets_are_for_gateways_of_the_gateway_api() -> None:
    one = plugin(targetRefs=[TARGET])
    labelled = node(labels=GATEWAY_API)

    assert told(gateway(), one)[1].startswith("it has targetRefs, and the proxy has no label")
    assert told(gateway(), one, node=labelled)[0]
    other = plugin(targetRefs=[TARGET | {"name": "other"}])
    assert (
        "none of its targetRefs names the Gateway mine" in told(gateway(), other, node=labelled)[1]
    )
    elsewhere = node(labels=GATEWAY_API, namespace="prod")
    assert "work in the gateway's own namespace, prod" in told(gateway(), one, node=elsewhere)[1]
    assert told(gateway(), one, release="1.21")[0], "the field was not there"


MATCHES: list[tuple[str, list[dict[str, Any]], str]] = [
    ("nothing", [], ""),
    ("any", [{}], ""),
    ("client", [{"mode": "CLIENT"}], ""),
    ("both", [{"mode": "CLIENT_AND_SERVER", "ports": [{"number": 8080}]}], ""),
    ("one of two", [{"mode": "SERVER"}, {"ports": [{"number": 8080}]}], ""),
    ("server", [{"mode": "SERVER"}], "no match fits: mode SERVER is for sidecars"),
    (
        "port",
        [{"ports": [{"number": 80}, {"number": 443}]}],
        "ports 80, 443 are not 8080, the port that Envoy listens on",
    ),
]


@pytest.mark.parametrize(
    ("match", "reason"), [row[1:] for row in MATCHES], ids=[row[0] for row in MATCHES]
)
def test_a_match_is_held_against_the_listener(match: list[dict[str, Any]], reason: str) -> None:
    effective, sentence = told(gateway(), plugin(match=match))

    assert (effective, reason in sentence) == (not reason, True)
    assert told(gateway(), plugin(match=match), release="1.15")[0], "the field was not there"


def test_a_match_may_choose_one_listener_of_two() -> None:
    ports = (gateway(), gateway("other", port=9090))
    found = pushed(*ports, plugin(match=[{"ports": [{"number": 9090}]}]))

    names = {
        one["name"]: [
            each["name"]
            for each in one["filter_chains"][0]["filters"][-1]["typed_config"]["http_filters"]
        ]
        for one in found.listeners
    }
    assert names == {"0.0.0.0_8080": TAIL, "0.0.0.0_9090": [NAME, *TAIL]}
    assert found.outcomes[0].sentence.endswith("in listener 0.0.0.0_9090")


def test_without_a_gateway_there_is_no_place() -> None:
    assert told(plugin()) == (False, "no Gateway gives the proxy a listener")


def network_filters(found: Snapshot) -> list[str]:
    return [one["name"] for one in found.listeners[0]["filter_chains"][0]["filters"]]


def test_a_plugin_for_connections_stands_before_the_connection_manager() -> None:
    found = pushed(gateway(), plugin(type="NETWORK"))
    pack(found.listeners[0], LDS)
    first = found.listeners[0]["filter_chains"][0]["filters"][0]

    assert network_filters(found) == [NAME, HCM]
    assert http_filters_of_last(found) == TAIL
    prefix = "type.googleapis.com/envoy.extensions.filters.network"
    urls = [f"{prefix}.wasm.v3.Wasm", f"{prefix}.rbac.v3.RBAC"]
    assert first["config_discovery"]["type_urls"] == urls
    assert found.outcomes[0].part == "NETWORK_FILTER phase UNSPECIFIED"
    assert found.outcomes[0].sentence.startswith(f"is network filter 1 of 2 ({NAME}, {HCM})")


def http_filters_of_last(found: Snapshot) -> list[str]:
    config = found.listeners[0]["filter_chains"][0]["filters"][-1]["typed_config"]
    return [one["name"] for one in config["http_filters"]]


def test_before_1_20_every_plugin_is_for_http() -> None:
    found = pushed(gateway(), plugin(type="NETWORK"), release="1.19")

    assert network_filters(found) == [HCM]
    assert http_filters(found)[0] == "istio-system.mine"


def extension(**spec: Any) -> Document:
    return document(
        "TrafficExtension",
        "mine",
        spec,
        namespace="istio-system",
        api_version="extensions.istio.io/v1alpha1",
    )


def test_lua_stands_in_the_listener_itself() -> None:
    found = pushed(gateway(), extension(phase="AUTHZ", lua={"inlineCode": "-- nothing"}))
    pack(found.listeners[0], LDS)
    first = manager(found)["http_filters"][0]

    assert first == {
        "name": "extensions.istio.io/trafficextension/istio-system.mine",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": {"inline_string": "-- nothing"},
        },
    }
    assert found.extensions == ()
    assert found.outcomes[0].effective


def test_an_envoy_filter_works_on_what_plugins_made() -> None:
    before = envoy_filter(on_http_filter("INSERT_BEFORE", lua("first")), name="a")
    after = envoy_filter(on_http_filter("INSERT_AFTER", lua("after"), sub=NAME), name="b")

    found = pushed(gateway(), plugin(), before, after)

    assert http_filters(found) == ["first", NAME, "after", *TAIL]
    assert all(one.effective for one in found.outcomes)


def test_a_plugin_that_an_envoy_filter_removes_is_told() -> None:
    found = pushed(gateway(), plugin(), envoy_filter(on_http_filter("REMOVE", sub=NAME)))

    assert http_filters(found) == TAIL
    effective = {one.document[0]: one.effective for one in found.outcomes}
    assert effective == {"EnvoyFilter": True, "WasmPlugin": False}
    assert found.outcomes[-1].sentence == "an EnvoyFilter patch took its filter out again"


def test_the_listeners_of_a_push_are_made_anew_each_time() -> None:
    documents = (gateway(), plugin())

    assert pushed(*documents) == pushed(*documents)
