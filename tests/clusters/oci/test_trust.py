"""Whom the agent trusts: pull secrets, challenges, certificates, redirects."""

import ssl
import subprocess
import sys

import pytest

from clusters import waiting
from clusters.pilot import transport
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.fetch import fetch
from clusters.pilot.settings import Settings
from clusters.pilot.transport import FetchError
from filters import loopback
from filters.image_registry import ImageRegistry, _Api
from tests.clusters.oci.pulling import IMAGE, MODULE, NEW, pull, refused

UNGUARDED = ["1.14.0", "1.26.8", "1.27.7", "1.28.4", "1.29.0"]
GUARDED = ["1.27.8", "1.28.5", "1.29.1", "1.30.0", "1.31.0"]


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
@pytest.mark.parametrize("version", UNGUARDED)
def test_a_pull_secret_opens_a_registry(registry, scheme, version):
    url = registry.serve(IMAGE)
    registry.demand(scheme)

    assert pull(url, version, secret=registry.pull_secret)[1] == MODULE
    assert "UNAUTHORIZED" in refused(url, version)
    assert "UNAUTHORIZED" in refused(url, version, secret='{"auths": {}}')


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
@pytest.mark.parametrize("version", GUARDED)
def test_a_challenge_that_leads_inside_ends_the_fetch(registry, scheme, version):
    url = registry.serve(IMAGE)
    registry.demand(scheme)

    assert "rejected unsafe bearer realm: realm" in refused(
        url, version, secret=registry.pull_secret
    )


def test_a_guarded_agent_still_takes_a_basic_challenge_whose_realm_is_a_url(registry):
    url = registry.serve(IMAGE)
    registry.demand("basic", realm="https://registry.example.com/")

    assert pull(url, secret=registry.pull_secret)[1] == MODULE


def test_a_broken_pull_secret_ends_the_fetch(registry):
    assert "invalid docker configuration" in refused(registry.serve(IMAGE), secret="{")


@pytest.fixture
def secured(tmp_path):
    """A registry that speaks TLS with a certificate that nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.1 -days 1"
    subprocess.run(
        ["openssl", "req", *options.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    registry = ImageRegistry()
    running = loopback.listen(_Api, registry, name="secured-registry")
    # The handshake is the handler's: in the listening thread it would hold up everybody.
    running._server.socket = context.wrap_socket(
        running._server.socket, server_side=True, do_handshake_on_connect=False
    )
    registry.host = running.address
    yield registry
    running.stop()


def test_a_certificate_goes_unchecked_only_for_insecure_registries(secured):
    url = secured.serve(IMAGE)
    insecure = Settings(frozenset({secured.host}))

    assert transport.UNKNOWN_ISSUER in refused(url)
    assert transport.UNKNOWN_ISSUER in refused(
        url, settings=Settings(frozenset({"127.0.0.1", "r.test"}))
    )
    assert pull(url, settings=insecure)[1] == MODULE
    assert pull(url, settings=Settings(frozenset({"*"})))[1] == MODULE


def test_a_file_servers_certificate_goes_unchecked_only_if_it_is_named_insecure(
    secured, monkeypatch
):
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)

    def get(settings):
        url = f"https://{secured.host}/auth.wasm"
        with pytest.raises(FetchError) as failed:
            fetch(url, timeout=20, behaviours=Behaviours(NEW), settings=settings)
        return str(failed.value)

    assert transport.UNKNOWN_ISSUER in get(Settings())
    assert "status code 404" in get(Settings(frozenset({secured.host})))


def test_credentials_do_not_go_where_a_redirect_leads(registry):
    seen = []

    class Storage(loopback.Handler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            body = next(b.body for b in IMAGE.blobs if self.path.endswith(b.digest))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Api(_Api):
        def _get(self, registry, repository, kind, name):
            if kind == "blobs":
                location = f"http://{storage.address}/{name}"
                return self._send(307, b"", Location=location)
            return super()._get(registry, repository, kind, name)

    storage = loopback.listen(Storage, None, name="storage")
    redirecting = loopback.listen(Api, registry, name="redirecting")
    registry.host = redirecting.address
    registry.demand("basic")
    url = registry.serve(IMAGE)

    assert pull(url, "1.14.0", secret=registry.pull_secret)[1] == MODULE
    assert seen == [None]
    redirecting.stop()
    storage.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is loopback on Linux only")
def test_a_registry_elsewhere_is_not_tried_without_tls():
    told = refused("oci://127.0.0.2:1/some:1")

    assert "https://127.0.0.2:1/v2/" in told
    assert "http://" not in told


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is loopback on Linux only")
def test_a_registry_elsewhere_that_speaks_no_tls_is_spoken_to_plainly(monkeypatch):
    class Elsewhere(loopback._Server):
        def __init__(self, address, handler):
            super().__init__(("127.0.0.2", address[1]), handler)

    monkeypatch.setattr(loopback, "_Server", Elsewhere)
    with ImageRegistry() as registry:
        assert registry.host.startswith("127.0.0.2:")
        assert pull(registry.serve(IMAGE))[1] == MODULE
