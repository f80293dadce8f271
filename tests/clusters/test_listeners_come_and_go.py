"""The local gateway while documents add and remove listeners: who answers where."""

import json

import pytest

from clusters.gateway import Gateway, Unanswered

NOBODYS = {"filter_chain_match": {"server_names": ["nobody.test"]}}


def envoy_filter(apply_to, operation, value=None):
    done = {"operation": operation} | ({"value": value} if value else {})
    patch = {"applyTo": apply_to, "match": {"context": "GATEWAY"}, "patch": done}
    return json.dumps(
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": "come-and-go", "namespace": "istio-system"},
            "spec": {"configPatches": [patch]},
        }
    )


def own_listener(name):
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    routes = [{"match": {"prefix": "/"}, "direct_response": {"status": 418}}]
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    config = {
        "@type": f"type.googleapis.com/{manager}",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    name_of_it = "envoy.filters.network.http_connection_manager"
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 9999}},
        "filter_chains": [{"filters": [{"name": name_of_it, "typed_config": config}]}],
    }


def status(gateway):
    return gateway.send("GET", "/productpage").status


def test_a_gateway_whose_listener_was_away_is_reached_again(cluster, gateway):
    with cluster.delivered(envoy_filter("LISTENER", "REMOVE")):
        assert cluster.proxy.addresses() == {}
        with pytest.raises(Unanswered):
            status(gateway)

    assert status(gateway) == 200


def test_an_added_listener_takes_no_connection_of_the_gateway(cluster, gateway):
    # Envoy gives a new listener the sockets of a draining one of the same address, port 0 too.
    with cluster.delivered(envoy_filter("FILTER_CHAIN", "MERGE", NOBODYS)):
        pass
    with cluster.delivered(envoy_filter("LISTENER", "ADD", own_listener("added"))):
        addresses = cluster.proxy.addresses()
        host, port = addresses["added"]
        assert host.startswith("127."), addresses
        assert [status(gateway) for _ in range(10)] == [200] * 10
        assert status(Gateway(f"http://{host}:{port}")) == 418
