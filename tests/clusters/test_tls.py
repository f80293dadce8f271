"""TLS is really spoken: at the gateway with files and with Secrets, and by it to a service."""

import base64
import http.client
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bookinfo.documents import documents
from clusters import gate, waiting
from clusters.local import envoy
from clusters.local.cluster import running
from clusters.pilot.documents import NotBuilt
from clusters.release import find
from tests.clusters.certificates import authority

HOST = "shop.test"
LISTENER = "0.0.0.0_8443"
REFUSED = "reset by peer|EOF|CERTIFICATE_REQUIRED"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def issued(ca):
    return ca.issue(HOST)


@pytest.fixture(scope="module")
def place(request, bookinfo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    base = documents(bookinfo.port)
    with running(
        find(getattr(request, "param", "1.31")), envoy.find(None), base, folder
    ) as cluster:
        yield cluster


def written(kind, name, spec, namespace="default"):
    metadata = {"name": name, "namespace": namespace}
    version = "v1" if kind == "Secret" else "networking.istio.io/v1alpha3"
    content = spec if kind == "Secret" else {"spec": spec}
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, **content})


#: What the proxy says where its route is broken off, which every release can have.
INSIDE = "fault filter abort"


def secure(tls, *more):
    """Return a Gateway that ends TLS at 8443 as `tls` says, its routes, and more documents."""
    port = {"number": 8443, "name": "https", "protocol": "HTTPS"}
    server = {"port": port, "hosts": [HOST], "tls": tls}
    gateway = {"selector": {"istio": "ingressgateway"}, "servers": [server]}
    abort = {"percentage": {"value": 100}, "httpStatus": 418}
    route = {"fault": {"abort": abort}, "route": [{"destination": {"host": "productpage"}}]}
    routes = {"hosts": [HOST], "gateways": ["secure"], "http": [route]}
    made = (written("Gateway", "secure", gateway), written("VirtualService", "secure", routes))
    return "\n---\n".join((*made, *more))


def ask(place, context, host=HOST):
    address, port = waiting.until(
        lambda: place.proxy.addresses().get(LISTENER),
        lambda seen: seen is not None,
        what=f"the listener {LISTENER}",
        within=10,
    )
    with (
        socket.create_connection((address, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as encrypted,
    ):
        connection = http.client.HTTPConnection(host)
        connection.sock = encrypted
        connection.request("GET", "/")
        return connection.getresponse().read().decode()


def from_files(issued, **more):
    certificate, key = issued
    files = {"serverCertificate": str(certificate), "privateKey": str(key)}
    return {"mode": "SIMPLE", **files, **more}


def secret(issued, name="shop", namespace="istio-system", **more):
    files = dict(zip(("tls.crt", "tls.key"), issued, strict=True)) | more
    data = {key: base64.b64encode(file.read_bytes()).decode() for key, file in files.items()}
    return written("Secret", name, {"type": "Opaque", "data": data}, namespace)


@pytest.mark.parametrize("place", ["1.9", "1.31"], indirect=True)
def test_a_certificate_from_files_is_shown_to_the_name_that_is_asked_for(place, ca, issued):
    with place.applied(secure(from_files(issued))):
        assert ask(place, ca.trusting()) == INSIDE
        with pytest.raises(OSError, match=REFUSED):
            ask(place, ca.trusting(), host="other.test")


def test_a_client_that_does_not_trust_the_authority_does_not_speak(place, issued, tmp_path):
    stranger = authority(tmp_path)
    with (
        place.applied(secure(from_files(issued))),
        pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        ask(place, stranger.trusting())


def test_a_certificate_comes_from_a_secret_of_the_gateways_namespace(place, ca, issued):
    tls = {"mode": "SIMPLE", "credentialName": "shop"}
    with place.applied(secure(tls, secret(issued))):
        assert ask(place, ca.trusting()) == INSIDE


def test_mutual_tls_wants_a_certificate_of_the_client(place, ca, issued):
    tls = {"mode": "MUTUAL", "credentialName": "shop"}
    with place.applied(secure(tls, secret(issued, **{"ca.crt": ca.certificate}))):
        assert ask(place, ca.trusting(ca.issue("client.test"))) == INSIDE
        with pytest.raises(OSError, match=REFUSED):
            ask(place, ca.trusting())


def test_tls_settings_reach_the_handshake(place, ca, issued):
    old = ca.trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with place.applied(secure(from_files(issued, minProtocolVersion="TLSV1_3"))):
        assert ask(place, ca.trusting()) == INSIDE
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            ask(place, old)


@pytest.mark.parametrize(
    ("tls", "name"),
    [
        ({"mode": "SIMPLE", "credentialName": "absent"}, "kubernetes://absent"),
        (
            {"mode": "SIMPLE", "serverCertificate": "/none.pem", "privateKey": "/none.key"},
            "file-cert:/none.pem~/none.key",
        ),
    ],
)
def test_a_certificate_that_nobody_has_is_named(place, tls, name):
    missing = pytest.raises(gate.NotEffective, match=f"waits for the certificate {name}")
    with missing, place.applied(secure(tls)):
        pytest.fail("the block must not run")


def test_a_secret_of_another_namespace_is_not_seen(place, issued):
    tls = {"mode": "SIMPLE", "credentialName": "shop"}
    missing = pytest.raises(gate.NotEffective, match="kubernetes://shop")
    with missing, place.applied(secure(tls, secret(issued, namespace="default"))):
        pytest.fail("the block must not run")


class Asked(ThreadingHTTPServer):
    """A server that keeps the names it was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Behind)
        self.asked = []


class Behind(BaseHTTPRequestHandler):
    def do_GET(self):
        assert isinstance(self.server, Asked)
        body = f"{self.connection.version()} {self.server.asked[-1]}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def behind_tls(issued):
    """Serve over TLS and yield the port; the answer tells the version and the name asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issued)
    with Asked() as server:
        context.sni_callback = lambda socket, name, context: server.asked.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def to_service(port, tls):
    """Return documents that lead every request to a service which is spoken TLS to."""
    ports = [{"number": port, "name": "http", "protocol": "HTTP"}]
    ends = [{"address": "127.0.0.1"}]
    entry = {"hosts": [HOST], "ports": ports, "resolution": "STATIC", "endpoints": ends}
    route = {"route": [{"destination": {"host": HOST}}]}
    routes = {"hosts": [HOST], "gateways": ["bookinfo-gateway"], "http": [route]}
    rule = {"host": HOST, "trafficPolicy": {"tls": tls}}
    return "\n---\n".join(
        (
            written("ServiceEntry", "shop", entry),
            written("VirtualService", "shop", routes),
            written("DestinationRule", "shop", rule),
        )
    )


@pytest.mark.parametrize(
    ("place", "version"), [("1.9", b"TLSv1.2"), ("1.31", b"TLSv1.3")], indirect=["place"]
)
def test_a_gateway_speaks_tls_to_a_service_as_its_rule_says(place, version, ca, issued):
    with behind_tls(issued) as port:
        tls = {"mode": "SIMPLE", "sni": HOST, "caCertificates": str(ca.certificate)}
        with place.applied(to_service(port, tls)):
            answer = place.gateway.send("GET", "/", host=HOST)
            assert (answer.status, answer.body) == (200, version + b" shop.test")


def test_a_service_with_a_certificate_for_another_name_is_not_spoken_to(place, ca, issued):
    with behind_tls(issued) as port:
        tls = {"mode": "SIMPLE", "sni": HOST, "caCertificates": str(ca.certificate)}
        with place.applied(to_service(port, tls | {"subjectAltNames": ["other.test"]})):
            assert place.gateway.send("GET", "/", host=HOST).status == 503


def test_the_certificate_of_the_mesh_which_nobody_has_here_is_refused_by_name(place):
    refused = pytest.raises(NotBuilt, match=r"\|\|shop.test asks for .* of the mesh")
    with refused, place.applied(to_service(1, {"mode": "ISTIO_MUTUAL"})):
        pytest.fail("the block must not run")
