"""Where the gateway is reached is what its Services say, or what they cannot say is asked for."""

import socket

import pytest

from clusters.existing import address
from clusters.existing.pods import Pod

LABELS = {"app": "gateway", "pod": "x"}
PODS = (Pod("istio-system", "gateway", LABELS, "10.1.2.3"),)


def service(name, *ports, type="NodePort", selector=None, ingress=()):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "istio-system"},
        "spec": {"type": type, "selector": selector or {"app": "gateway"}, "ports": list(ports)},
        "status": {"loadBalancer": {"ingress": list(ingress)}},
    }


def port(number, name="", node=None):
    found = {"port": number} | ({"name": name} if name else {})
    return found | ({"nodePort": node} if node else {})


TLS, HTTP2, HTTP = port(443, "https", 30443), port(8080, "http2", 30080), port(80, node=30090)

CASES = {
    "a node port": ([service("a", TLS, HTTP2)], "http://10.1.2.3:30080"),
    "port 80 without a name": ([service("a", TLS, HTTP)], "http://10.1.2.3:30090"),
    "a load balancer comes first": (
        [
            service("a", HTTP2),
            service("b", HTTP2, type="LoadBalancer", ingress=[{"ip": "192.0.2.7"}]),
        ],
        "http://192.0.2.7:8080",
    ),
    "a load balancer by name": (
        [service("b", HTTP2, type="LoadBalancer", ingress=[{"hostname": "lb.example"}])],
        "http://lb.example:8080",
    ),
    "a load balancer in IPv6": (
        [service("b", HTTP, type="LoadBalancer", ingress=[{"ip": "2001:db8::7"}])],
        "http://[2001:db8::7]:80",
    ),
    "a load balancer that is not there yet": (
        [service("b", HTTP2, type="LoadBalancer")],
        "http://10.1.2.3:30080",
    ),
}


@pytest.mark.parametrize(("services", "url"), CASES.values(), ids=CASES)
def test_the_address_is_what_the_services_say(cluster, served, services, url):
    served.put(service("other", HTTP2, selector={"app": "other"}))
    for one in services:
        served.put(one)

    assert address.find(cluster, PODS)[0] == url


@pytest.mark.parametrize(
    ("services", "told"),
    [
        ([], "0 Services in istio-system lead to it\nlast seen: none selects its pods"),
        ([service("a", TLS)], "last seen: a is a NodePort with the ports https 443"),
        (
            [service("a", port(80, "http2"), type="ClusterIP")],
            "last seen: a is a ClusterIP with the ports http2 80",
        ),
    ],
)
def test_services_that_do_not_tell_are_shown_and_the_option_is_named(
    cluster, served, services, told
):
    for one in services:
        served.put(one)

    with pytest.raises(address.NoAddress, match=told) as raised:
        address.find(cluster, PODS)

    assert str(raised.value).endswith("Hint: --gateway-url=http://HOST:PORT")


@pytest.mark.parametrize(
    "url",
    ["", "gateway", "127.0.0.1:80", "ftp://gateway", "http://", "http://a:99999", "http://a/path"],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(address.NoAddress, match=r"is no address of a gateway.*\nHint: "):
        address.check(url)


def test_an_address_where_somebody_listens_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address.check(f"http://127.0.0.1:{server.getsockname()[1]}")


def test_a_refused_connection_is_no_reason_yet_for_a_gateway_without_listeners_refuses_too():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    address.check(f"http://127.0.0.1:{port}")


def test_a_name_that_nobody_knows_is_told():
    with pytest.raises(address.NotAnswering, match=r"cannot be reached at http://no\.invalid: "):
        address.check("http://no.invalid")


def test_an_address_that_never_answers_is_told_with_how_long_it_was_tried(monkeypatch):
    monkeypatch.setattr(address, "CONNECT_SECONDS", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:  # a queue that is full lets the next one wait for ever
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(address.NotAnswering, match=r"no answer within 0\.2 s"):
            address.check(f"http://127.0.0.1:{full.getsockname()[1]}")
        for one in waiting:
            one.close()
