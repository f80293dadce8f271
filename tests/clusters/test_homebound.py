"""Listeners of real istiod: which are moved to loopback, which documents are refused for them."""

import json
import socket

import pytest

from clusters.local import homebound
from clusters.pilot import documents
from clusters.pilot.documents import NotBuilt
from clusters.pilot.node import ingress_gateway
from clusters.pilot.push import push
from clusters.release import find

GATEWAY = """
apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: PORT, name: http, protocol: HTTP}
      hosts: ["*"]
"""


def at(address: str, port: int = 9999):
    return {"address": {"socket_address": {"address": address, "port_value": port}}}


def envoy_filter(operation, value, **spec):
    patch = {
        "applyTo": "LISTENER",
        "match": {"context": "GATEWAY"},
        "patch": {"operation": operation, "value": value},
    }
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "own", "namespace": "istio-system"},
        "spec": {"configPatches": [patch]} | spec,
    }


def sent(*written, port=8080):
    """The listeners that istiod makes of a gateway, of our patch and of the documents given."""
    node, release = ingress_gateway("1.31.0"), find("1.31")
    base = documents.parse(GATEWAY.replace("PORT", str(port)))
    ours = homebound.patch(push(base, node, release).listeners)
    own = documents.parse("---\n".join(json.dumps(one) for one in written)) if written else ()
    return push((ours, *base, *own), node, release).listeners, own


def address_of(listener):
    return listener["address"]["socket_address"]


@pytest.fixture
def taken_port():
    with socket.socket() as held:
        held.bind(("0.0.0.0", 0))
        held.listen()
        yield held.getsockname()[1]


def a_free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_the_gateways_listener_keeps_a_port_that_is_free_on_an_address_of_its_own():
    port = a_free_port()
    ([first], _), ([second], _) = sent(port=port), sent(port=port)

    assert [address_of(one)["port_value"] for one in (first, second)] == [port, port]
    assert address_of(first)["address"].startswith("127.")
    assert address_of(first)["address"] != address_of(second)["address"]


def test_a_port_that_somebody_has_is_left_to_them(taken_port):
    [listener], _ = sent(port=taken_port)

    assert listener["name"] == f"0.0.0.0_{taken_port}"
    assert address_of(listener) == {"address": "127.0.0.1", "port_value": 0}


def test_an_address_that_a_patch_gives_to_the_gateways_listener_does_not_last():
    listeners, own = sent(envoy_filter("MERGE", at("0.0.0.0"), priority=10))

    homebound.check(listeners, own)
    assert address_of(listeners[0])["address"].startswith("127.")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
def test_an_added_listener_on_loopback_is_let_through(address):
    homebound.check(*sent(envoy_filter("ADD", {"name": "added"} | at(address))))


@pytest.mark.parametrize(
    "written",
    [
        envoy_filter("ADD", {"name": "added"} | at("0.0.0.0")),
        envoy_filter("ADD", {"name": "added"} | at("::")),
        envoy_filter("ADD", {"name": "added"} | at("192.0.2.1")),
        envoy_filter("ADD", {"name": "added"} | at("localhost")),
        envoy_filter("MERGE", {"additional_addresses": [at("0.0.0.0")]}),
        envoy_filter("MERGE", at("0.0.0.0"), priority=homebound.PRIORITY),
    ],
    ids=["every", "every of IPv6", "another", "a name", "a further one", "a later patch"],
)
def test_a_listener_that_would_be_open_to_the_network_is_refused_by_name(written):
    with pytest.raises(NotBuilt) as refused:
        homebound.check(*sent(written))

    assert "would listen at" in str(refused.value)
    assert "EnvoyFilter istio-system/own" in str(refused.value)
    assert "Hint: write the address 127.0.0.1" in str(refused.value)
