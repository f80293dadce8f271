"""How the agent pulls from a registry, release by release, and what it remembers."""

import hashlib
import json
import ssl
import subprocess
import sys
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from clusters import waiting
from clusters.pilot import oci, transport
from clusters.pilot.agent import Agent
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.fetch import fetch
from clusters.pilot.module_cache import ModuleCache, Wanted
from clusters.pilot.settings import Settings
from clusters.pilot.transport import FetchError
from clusters.pilot.wasm_extension import WASM
from filters import images, loopback
from filters.image_registry import ImageRegistry, _Api
from filters.images import Blob

MODULE, OTHER = b"\0asm\1\0\0\0 one", b"\0asm\1\0\0\0 another"
IMAGE, MOVED = (images.build(body, "compat") for body in (MODULE, OTHER))
NEW = "1.31.0"


@pytest.fixture
def registry():
    with ImageRegistry() as registry:
        yield registry


def pull(url, version=NEW, *, secret=None, timeout=5.0, settings=None):
    image = oci.prepare(
        url,
        secret=secret,
        timeout=timeout,
        behaviours=Behaviours(version),
        settings=settings or Settings(),
    )
    return image.checksum, image.module()


@pytest.mark.parametrize("layout", images.LAYOUTS)
def test_a_module_is_pulled_and_its_checksum_is_the_manifests(registry, layout):
    image = images.build(MODULE, layout)

    assert pull(registry.serve(image)) == (image.checksum, MODULE)


def test_an_image_is_pulled_by_digest(registry):
    pinned = registry.pinned(registry.serve(IMAGE))

    assert pull(pinned) == (IMAGE.checksum, MODULE)


def test_of_an_index_the_image_for_the_platform_is_pulled(registry):
    row = IMAGE.manifest.descriptor | {"platform": {"os": "linux", "architecture": "amd64"}}
    index = Blob(
        "application/vnd.oci.image.index.v1+json", json.dumps({"manifests": [row]}).encode()
    )
    url = registry.serve(IMAGE)
    registry.move(url, images.Image(index, (IMAGE.manifest, *IMAGE.blobs)))

    assert pull(url) == (IMAGE.checksum, MODULE)


IMAGE_TEXT = "could not fetch Wasm OCI image: could not fetch manifest: "


def refused(url, version=NEW, **options):
    with pytest.raises(FetchError) as failed:
        pull(url, version, **options)
    return str(failed.value)


def test_an_unknown_tag_is_told_with_the_registrys_words(registry):
    url = registry.serve(IMAGE) + "x"
    repository = urlsplit(url).path.removeprefix("/").rpartition(":")[0]

    assert refused(url) == (
        f"{IMAGE_TEXT}GET http://{registry.host}/v2/{repository}/manifests/1x: "
        "MANIFEST_UNKNOWN: manifest unknown"
    )


def test_nobody_there_is_told_for_both_schemes():
    told = refused("oci://127.0.0.1:1/some:1")

    assert told.startswith(f'{IMAGE_TEXT}Get "https://127.0.0.1:1/v2/": ')
    assert '; Get "http://127.0.0.1:1/v2/": ' in told
    assert told.count("refused") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is loopback on Linux only")
def test_a_registry_elsewhere_is_not_tried_without_tls():
    told = refused("oci://127.0.0.2:1/some:1")

    assert "https://127.0.0.2:1/v2/" in told
    assert "http://" not in told


def test_a_url_that_names_no_image_is_refused():
    assert refused("oci://r.test/A").startswith(
        "could not fetch Wasm OCI image: could not parse url in image reference: "
    )


def test_a_layer_with_other_bytes_is_no_module(registry):
    url = registry.serve(IMAGE)
    registry.corrupt(url)
    told = refused(url)

    assert told.startswith("could not fetch Wasm binary: the given image is in invalid format")
    assert "failed to parse layer as tar.gz: gzip: invalid header" in told


def test_a_manifest_with_another_digest_is_refused(registry):
    url = registry.serve(IMAGE)
    pinned = registry.pinned(url)
    repository = urlsplit(url).path.removeprefix("/").rpartition(":")[0]
    registry._blobs[MOVED.digest] = MOVED.manifest
    registry._tags[repository, IMAGE.digest] = MOVED.digest

    assert (
        f'manifest digest: "{MOVED.digest}" does not match requested digest: "{IMAGE.digest}"'
        in refused(pinned)
    )


def test_the_time_limit_ends_a_slow_answer(registry):
    url = registry.serve(IMAGE)
    registry.delay(url, 30)
    began = time.monotonic()

    assert refused(url, timeout=0.3).endswith('/manifests/1": context deadline exceeded')
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_that_passes_is_asked_for_again_since_1_18(registry, status, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(waiting, "pause", pauses.append)
    url = registry.serve(IMAGE)

    registry.fail(url, status, times=1)
    assert "UNKNOWN: unknown error" in refused(url, "1.17.0")
    registry.fail(url, status, times=2)
    assert pull(url, "1.18.0")[1] == MODULE
    registry.fail(url, status, times=2)
    assert pull(url, NEW)[1] == MODULE
    assert pauses == [0.1, 0.3, 1.0, 3.0]


def test_three_server_errors_end_it(registry, monkeypatch):
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)
    url = registry.serve(IMAGE)
    registry.fail(url, 500)

    assert "UNKNOWN: unknown error" in refused(url)
    assert refused(url, "1.30.0").endswith("unexpected status code 500 Internal Server Error")
    assert registry.requests(url) == 6


def test_the_time_limit_bounds_all_attempts_together(registry):
    url = registry.serve(IMAGE)
    registry.fail(url, 503)
    began = time.monotonic()

    assert "context deadline exceeded" in refused(url, timeout=0.3)
    assert time.monotonic() - began < 2


def test_a_limit_of_pulls_is_asked_about_again_since_1_31(registry, monkeypatch):
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)
    url = registry.serve(IMAGE)
    for version, asked in (("1.30.0", 1), (NEW, 4)):
        registry.fail(url, 429)
        refused(url, version)
        assert registry.requests(url) == asked


def test_a_layer_of_another_size_is_refused_since_1_31(registry):
    url = registry.serve(IMAGE)
    registry._blobs[IMAGE.blobs[-1].digest] = Blob("", IMAGE.blobs[-1].body + b"more")

    assert pull(url, "1.30.0")[1] == MODULE
    size = len(IMAGE.blobs[-1].body)
    assert f"header {size + 4} does not match expected size {size}" in refused(url)


@pytest.mark.parametrize("status", [403, 404, 501])
def test_other_answers_are_final(registry, status):
    url = registry.serve(IMAGE)
    registry.fail(url, status)

    assert "unknown error" in refused(url)
    assert registry.requests(url) == 1


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
def test_a_registry_elsewhere_that_speaks_no_tls_is_spoken_to_plainly(monkeypatch):
    class Elsewhere(loopback._Server):
        def __init__(self, address, handler):
            super().__init__(("127.0.0.2", address[1]), handler)

    monkeypatch.setattr(loopback, "_Server", Elsewhere)
    with ImageRegistry() as registry:
        assert registry.host.startswith("127.0.0.2:")
        assert pull(registry.serve(IMAGE))[1] == MODULE


# --- what is remembered ---


def wanted(url, **changes):
    plain = Wanted(
        url, checksum="", resource="x", resource_version="1", pull_policy="", timeout=5.0
    )
    return replace(plain, **changes)


def test_an_image_is_cached_under_its_repository(registry, tmp_path):
    url = registry.serve(IMAGE)
    path = ModuleCache(tmp_path, Behaviours(NEW)).get(wanted(url))
    name = hashlib.sha256(url.rpartition(":")[0].encode()).hexdigest()

    assert path == tmp_path / name / f"{IMAGE.checksum}.wasm"
    assert path.read_bytes() == MODULE


@pytest.mark.parametrize(("version", "asked"), [("1.12.0", 3), ("1.13.9", 3), ("1.14.0", 1)])
def test_a_tag_is_asked_for_each_time_until_1_13(registry, tmp_path, version, asked):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(version))
    for _ in range(3):
        cache.get(wanted(url))

    assert registry.requests(url) == asked


@pytest.mark.parametrize(("version", "asked"), [("1.13.9", 2), ("1.14.0", 1)])
def test_a_digest_is_known_from_any_tag_since_1_14(registry, tmp_path, version, asked):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(version))

    assert cache.get(wanted(url)) == cache.get(wanted(registry.pinned(url)))
    assert registry._requests.total() == asked


@pytest.mark.parametrize("version", ["1.12.0", NEW])
def test_a_checksum_is_that_of_the_manifest_and_needs_no_second_look(registry, tmp_path, version):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(version))
    for _ in range(3):
        cache.get(wanted(url, checksum=IMAGE.checksum))

    assert registry.requests(url) == 1


def test_the_modules_own_checksum_is_a_mismatch(registry, tmp_path):
    url, own = registry.serve(IMAGE), hashlib.sha256(MODULE).hexdigest()

    with pytest.raises(FetchError) as failed:
        ModuleCache(tmp_path, Behaviours(NEW)).get(wanted(url, checksum=own))
    assert str(failed.value) == (
        f"module downloaded from {url} has checksum {IMAGE.checksum}, which does not match: {own}"
    )


# policy, tag -> whether a moved tag is followed when the resource did not change, and did
MOVES = {
    ("IfNotPresent", "1"): (False, False),
    ("IfNotPresent", "latest"): (False, False),
    ("", "1"): (False, False),
    ("", "latest"): (False, True),
    ("Always", "1"): (False, True),
    ("Always", "latest"): (False, True),
    ("unheard of", "latest"): (False, True),
}


@pytest.mark.parametrize(("policy", "tag"), MOVES)
@pytest.mark.parametrize("version", ["1.14.0", NEW])
def test_a_moved_tag_is_followed_as_the_pull_policy_says(registry, tmp_path, policy, tag, version):
    url = registry.serve(IMAGE, tag=tag)
    cache = ModuleCache(tmp_path, Behaviours(version))

    def get(resource_version):
        return cache.get(
            wanted(url, pull_policy=policy, resource_version=resource_version)
        ).read_bytes()

    assert get("1") == MODULE
    registry.move(url, MOVED)
    assert (get("1") == OTHER, get("2") == OTHER) == MOVES[policy, tag]


def test_a_pull_that_fails_is_not_tried_again_for_the_same_version(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(NEW))
    cache.get(wanted(url, pull_policy="Always"))
    registry.fail(url, 404)
    again = wanted(url, pull_policy="Always", resource_version="2")

    with pytest.raises(FetchError):
        cache.get(again)
    assert cache.get(again).read_bytes() == MODULE


def test_an_image_whose_manifest_is_known_is_not_downloaded_again(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours("1.13.0"))
    path = cache.get(wanted(url))
    registry.corrupt(url)

    assert cache.get(wanted(url)) == path
    assert registry.requests(url) == 2


def test_no_tag_is_kept_though_it_means_latest(registry, tmp_path):
    url = registry.serve(IMAGE, tag="latest")
    bare, cache = url.removesuffix(":latest"), ModuleCache(tmp_path, Behaviours(NEW))
    cache.get(wanted(bare))
    registry.move(url, MOVED)

    assert cache.get(wanted(bare, resource_version="2")).read_bytes() == MODULE


def test_each_resource_pulls_by_its_own_version(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(NEW))
    for resource in ("a", "b"):
        cache.get(wanted(url, pull_policy="Always", resource=resource))
    registry.move(url, MOVED)

    a = cache.get(wanted(url, pull_policy="Always", resource="a")).read_bytes()
    new = wanted(url, pull_policy="Always", resource="b", resource_version="2")
    assert (a, cache.get(new).read_bytes()) == (MODULE, OTHER)


def test_a_known_module_needs_no_registry(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(NEW))
    path = cache.get(wanted(url))
    registry.stop()

    assert cache.get(wanted(url, resource_version="2")) == path
    with pytest.raises(FetchError, match="refused"):
        cache.get(wanted(url, pull_policy="Always", resource_version="3"))


@pytest.mark.parametrize("url", ["oci://127.0.0.1:1/some:1", "ftp://files.test/a.wasm"])
def test_a_scheme_that_the_release_does_not_know_is_named(tmp_path, url):
    scheme = url.partition(":")[0]

    with pytest.raises(FetchError) as failed:
        ModuleCache(tmp_path, Behaviours("1.11.0")).get(wanted(url))
    assert str(failed.value) == f"unsupported Wasm module downloading URL scheme: {scheme}"


def test_bytes_that_are_no_wasm_are_refused_in_an_image_too(registry, tmp_path):
    url = registry.serve(images.build(b"hello, hello", "compat"))

    with pytest.raises(FetchError, match=r"fetched Wasm binary from .* is invalid"):
        ModuleCache(tmp_path, Behaviours(NEW)).get(wanted(url))


# --- the agent ---


@pytest.mark.parametrize("version", ["1.13.0", "1.14.0"])
def test_the_agent_reads_policy_and_secret_from_the_environment_of_the_vm(
    registry, tmp_path, version
):
    registry.demand("basic")
    url = registry.serve(IMAGE)
    variables = {"ISTIO_META_WASM_IMAGE_PULL_SECRET": registry.pull_secret}
    vm = {
        "vm_id": "v",
        "code": {"remote": {"http_uri": {"uri": url}}},
        "environment_variables": {"key_values": variables},
    }
    resource = {"name": "x", "typed_config": {"@type": WASM, "config": {"vm_config": vm}}}
    localized = Agent(Behaviours(version), tmp_path).localize([resource])

    assert bool(localized.failures) is (version == "1.13.0")


def test_an_agent_that_begins_anew_remembers_nothing(registry, tmp_path):
    url = registry.serve(IMAGE)
    agent = Agent(Behaviours(NEW), tmp_path)

    def localize(agent):
        vm = {"vm_id": "v", "code": {"remote": {"http_uri": {"uri": url}}}}
        resource = {"name": "x", "typed_config": {"@type": WASM, "config": {"vm_config": vm}}}
        return agent.localize([resource])

    for _ in range(2):
        localize(agent)
    assert registry.requests(url) == 1
    assert localize(agent.restarted(Settings())).failures == ()
    assert registry.requests(url) == 2
    assert "unexpected EOF" in localize(agent.restarted(Settings(size_limit=9))).failures[0]
