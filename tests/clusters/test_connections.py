"""Connections that carry no HTTP really pass the gateway: plain ones, and TLS it does not end."""

import http.client
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bookinfo.documents import documents
from clusters.local import envoy
from clusters.local.cluster import running
from clusters.release import find
from tests.clusters.certificates import authority
from tests.clusters.test_tls import written

HOST = "shop.test"
NAME = "database.default.svc.cluster.local"


class Behind(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "6")
        self.end_headers()
        self.wfile.write(b"behind")

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(context=None):
    """Serve over TLS where a context is given, plainly otherwise; yields the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module", params=["1.9", "1.31"])
def place(request, bookinfo, tmp_path_factory):
    folder, base = tmp_path_factory.mktemp("place"), documents(bookinfo.port)
    with running(find(request.param), envoy.find(None), base, folder) as cluster:
        yield cluster


def passing(protocol, port, *more, **sort):
    """Return a Gateway with a server at 9443, its routes, the service at a port, and the rest."""
    server = {"port": {"number": 9443, "name": "s", "protocol": protocol}, "hosts": [HOST]}
    if protocol == "TLS":
        server["tls"] = {"mode": "PASSTHROUGH"}
    gateway = {"selector": {"istio": "ingressgateway"}, "servers": [server]}
    entry = {
        "hosts": [NAME],
        "location": "MESH_INTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": port, "name": "tcp", "protocol": "TCP"}],
        "endpoints": [{"address": "127.0.0.1"}],
    }
    routes = {"hosts": [HOST], "gateways": ["passing"], **sort}
    made = (
        written("Gateway", "passing", gateway),
        written("VirtualService", "passing", routes),
        written("ServiceEntry", "database", entry),
    )
    return "\n---\n".join((*made, *more))


TO = [{"destination": {"host": NAME}}]


def ask(place, context=None, host=HOST):
    address = place.proxy.addresses()["0.0.0.0_9443"]
    with socket.create_connection(address, timeout=10) as plain:
        connection = http.client.HTTPConnection(host)
        connection.sock = context.wrap_socket(plain, server_hostname=host) if context else plain
        connection.request("GET", "/")
        return connection.getresponse().read().decode()


def test_a_tcp_server_passes_on_what_comes(place):
    with serving() as port, place.applied(passing("TCP", port, tcp=[{"route": TO}])):
        assert ask(place) == "behind"


def test_tls_that_passes_through_ends_at_the_service_that_is_asked_for(place, tmp_path):
    ca = authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ca.issue(HOST))
    routed = [{"match": [{"sniHosts": [HOST]}], "route": TO}]
    with serving(context) as port, place.applied(passing("TLS", port, tls=routed)):
        assert ask(place, ca.trusting()) == "behind"
        with pytest.raises(OSError, match=r"reset by peer|EOF"):
            ask(place, ca.trusting(), host="other.test")


def test_a_network_filter_of_an_envoy_filter_guards_a_tcp_server(place):
    closed = {
        "name": "closed",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC",
            "stat_prefix": "closed",
            "rules": {"action": "ALLOW"},
        },
    }
    proxy = {"filterChain": {"filter": {"name": "envoy.filters.network.tcp_proxy"}}}
    patch = {
        "applyTo": "NETWORK_FILTER",
        "match": {"context": "GATEWAY", "listener": proxy},
        "patch": {"operation": "INSERT_BEFORE", "value": closed},
    }
    guard = written("EnvoyFilter", "closed", {"configPatches": [patch]}, "istio-system")
    with serving() as port, place.applied(passing("TCP", port, guard, tcp=[{"route": TO}])):
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(place)
        assert json.loads(place.proxy.read("/stats?format=json&filter=closed.rbac.denied"))[
            "stats"
        ] == [{"name": "closed.rbac.denied", "value": 1}]
