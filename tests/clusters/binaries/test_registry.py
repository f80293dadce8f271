"""Registries that want a login, break off, send something else or are not what they seem."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from typing import Any

import pytest

from clusters import waiting
from clusters.local.binaries import registry, store
from clusters.local.binaries.blobs import PATIENCE, Blobs
from clusters.local.binaries.failures import FetchFailed
from clusters.local.binaries.image import find
from clusters.local.binaries.registry import Repository
from clusters.pilot.oci_reference import Reference
from filters import loopback
from filters.image_registry import TOKEN, ImageRegistry, _Api
from tests.clusters.binaries import hub

IMAGE = hub.pilot()
LAYER = IMAGE.blobs[-1]


class Scripted(_Api):
    """A registry whose answers a test replaces one by one: `answers` is by kind of request."""

    def _get(self, registry, repository, kind, name):
        if answer := registry.answers.get(kind):
            return answer(self, name)
        return super()._get(registry, repository, kind, name)

    def _token(self, query):
        if answer := self.server.owner.answers.get("token"):
            return answer(self, query)
        return super()._token(query)


class Owner(ImageRegistry):
    """What the registry holds: one image, at `at`."""

    def __init__(self, address):
        super().__init__()
        self.host = address
        self.answers: dict[str, Any] = {}
        self.at = self.serve(IMAGE).removeprefix("oci://")


@pytest.fixture
def images():
    listening = loopback.listen(Scripted, None, name="scripted-registry")
    listening._server.owner = Owner(listening.address)
    yield listening._server.owner
    listening.stop()


@pytest.fixture
def pull(images, tmp_path):
    """Return a function that pulls the image and returns the bytes of its uppermost layer."""

    def get(name=""):
        with Repository(Reference.parse(name or images.at)) as repository:
            layer = find(repository).layers[-1]
            return Blobs(tmp_path / "blobs").get(repository, layer, lambda _: None).read_bytes()

    return get


def refused(pull, name=""):
    with pytest.raises(FetchFailed) as failed:
        pull(name)
    assert "\nHint: " in str(failed.value)
    return str(failed.value)


def anybody(handler, query):
    repository = handler.server.owner.at.partition("/")[2].partition(":")[0]
    assert query["scope"] == [f"repository:{repository}:pull"]
    assert "Authorization" not in handler.headers
    handler._send(200, json.dumps({"token": TOKEN}).encode())


def test_a_token_that_everybody_gets_is_asked_for(images, pull):
    images.demand("bearer")
    images.answers["token"] = anybody

    assert pull() == LAYER.body


def test_a_token_that_ran_out_is_asked_for_again(images, pull):
    images.demand("bearer")
    images.answers["token"] = anybody
    with Repository(Reference.parse(images.at)) as repository:
        repository.manifest("1")
        repository._authorization = {"Authorization": "Bearer old"}
        with repository.blob(LAYER.digest, 0) as (start, chunks):
            assert (start, b"".join(chunks)) == (0, LAYER.body)


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("bearer", "UNAUTHORIZED: incorrect username or password"),
        ("basic", 'Basic realm="Registry Realm"'),
    ],
)
def test_a_registry_that_wants_a_login_is_told(images, pull, scheme, said):
    images.demand(scheme)
    told = refused(pull)

    assert told.startswith(f"{images.host} wants a login before it gives conformance/")
    assert f"\nlast seen: {said}\n" in told


def test_a_token_that_opens_nothing_is_a_login_wanted(images, pull):
    images.demand("bearer")
    images.answers["token"] = lambda handler, _: handler._send(200, b'{"token": "of no use"}')

    assert "wants a login" in refused(pull)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no json"])
def test_an_answer_without_a_token_is_told(images, pull, body):
    images.demand("bearer")
    images.answers["token"] = lambda handler, _: handler._send(200, body)

    assert f"sends to 'http://{images.host}/token' for a token, and there is none" in refused(pull)


def test_a_registry_far_away_cannot_send_this_machine_to_its_own_network():
    far_away = Reference.parse("registry.example.com/istio/pilot:1")
    with (
        Repository(far_away) as repository,
        pytest.raises(FetchFailed, match="realm targets private/loopback/link-local IP"),
    ):
        repository._authorize(['Bearer realm="http://169.254.169.254/latest",service="x"'])


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (403, "wants a login"),
        (429, "with 429, expected 200\nlast seen: UNKNOWN: unknown error"),
        (500, "with 500, expected 200\nlast seen: UNKNOWN: unknown error"),
    ],
)
def test_a_registry_that_refuses_is_quoted(images, pull, status, told):
    images.fail(f"oci://{images.at}", status)

    assert told in refused(pull)


def test_an_answer_that_is_no_registrys_is_told(images, pull):
    images.answers["manifests"] = lambda handler, _: handler._send(502, b"<html>", type="text/html")

    assert "with 502, expected 200\nlast seen: status 502 Bad Gateway" in refused(pull)


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        (b"<html>", "cannot be read: JSONDecodeError"),
        (b"[]", "cannot be read: TypeError: no JSON object"),
        (b"{}", "cannot be read: KeyError: 'layers'"),
        (b'{"layers": [{}]}', "cannot be read: KeyError: 'mediaType'"),
        (b'{"manifests": [1]}', "cannot be read: AttributeError"),
        (b'{"manifests": []}', f"is not made for {hub.PLATFORM} but for none"),
        (
            b'{"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", '
            b'"digest": "sha256:../../x", "size": 1}]}',
            "a layer has the digest 'sha256:../../x'",
        ),
        (bytes(registry.MANIFEST_LIMIT + 1), "is larger than 4194304 bytes"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told(images, pull, manifest, told):
    images.answers["manifests"] = lambda handler, _: handler._send(200, manifest)

    assert told in refused(pull)


def test_a_manifest_with_another_digest_is_refused(images, pull):
    wanted = f"sha256:{'0' * 64}"
    images.answers["manifests"] = lambda handler, _: handler._send(
        200, IMAGE.manifest.body, **{"Docker-Content-Digest": wanted}
    )

    assert f"with the digest {IMAGE.digest} instead of {wanted}" in refused(pull)


def test_a_layer_with_other_bytes_is_thrown_away(images, pull, tmp_path):
    images.corrupt(f"oci://{images.at}")

    assert f"instead of {LAYER.digest}; they were thrown away" in refused(pull)
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_layer_that_does_not_end_where_it_should_is_refused(images, pull, tmp_path):
    images.answers["blobs"] = lambda handler, _: handler._send(200, LAYER.body * 2)

    assert f"sent more than the {len(LAYER.body)} bytes" in refused(pull)
    assert list((tmp_path / "blobs").iterdir()) == []


def breaking_off(asked, *, by=100, ranges=True):
    """Return an answer that ends after `by` bytes, and notes from where it was asked."""

    def answer(handler, _):
        ranged = handler.headers.get("Range", "bytes=0-")
        asked.append(int(ranged.removeprefix("bytes=").removesuffix("-")))
        start = asked[-1] if ranges else 0
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(LAYER.body) - start))
        if start:
            end = len(LAYER.body)
            handler.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        handler.end_headers()
        handler.wfile.write(LAYER.body[start : start + by])
        handler.close_connection = True

    return answer


def test_a_download_that_breaks_off_is_taken_up_where_it_stopped(images, pull):
    asked: list[int] = []
    by = len(LAYER.body) // 3 + 1
    images.answers["blobs"] = breaking_off(asked, by=by)

    assert pull() == LAYER.body
    assert asked == [0, by, 2 * by]


def test_a_registry_that_only_breaks_off_is_given_up_and_the_part_is_kept(images, pull, tmp_path):
    asked: list[int] = []
    whole = breaking_off(asked)
    nothing = breaking_off(asked, by=0)
    images.answers["blobs"] = lambda *given: (whole if not asked else nothing)(*given)

    told = refused(pull)
    assert f"broke off {PATIENCE} times in a row, with 100 of the {len(LAYER.body)} bytes" in told
    assert asked == [0, *[100] * PATIENCE]
    assert [path.stat().st_size for path in (tmp_path / "blobs").iterdir()] == [100]

    del images.answers["blobs"]
    assert pull() == LAYER.body


def test_a_registry_that_cannot_send_parts_sends_all_again(images, pull, tmp_path):
    part = tmp_path / "blobs" / f"{LAYER.digest.partition(':')[2]}.part"
    part.parent.mkdir()
    part.write_bytes(bytes(100))

    assert pull() == LAYER.body


def test_credentials_do_not_go_where_a_redirect_leads(images, pull):
    seen = []

    class Storage(loopback.Handler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(200)
            self.send_header("Content-Length", str(len(LAYER.body)))
            self.end_headers()
            self.wfile.write(LAYER.body)

    storage = loopback.listen(Storage, None, name="storage")
    images.demand("bearer")
    images.answers["token"] = anybody
    images.answers["blobs"] = lambda handler, name: handler._send(
        307, b"", Location=f"http://{storage.address}/{name}"
    )
    try:
        assert pull() == LAYER.body
    finally:
        storage.stop()
    assert seen == [(f"/{LAYER.digest}", None)]


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is loopback on Linux only")
def test_a_certificate_that_nobody_vouches_for_is_told(images, pull, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.2 -days 1"
    subprocess.run(
        ["openssl", "req", *options.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # Not 127.0.0.1, which would be asked in plain HTTP next.
    server = loopback._Server(("127.0.0.2", 0), Scripted)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.owner = images
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="secured")
    thread.start()
    try:
        told = refused(pull, f"127.0.0.2:{server.server_address[1]}/istio/pilot:1")
    finally:
        loopback.Listening("", server, thread).stop()
    assert "nobody this machine trusts vouches for" in told


def test_a_killed_fetch_leaves_what_the_next_one_goes_on_with(images, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    at = hub.push(images.host, "istio", {"pilot": IMAGE, "proxyv2": hub.proxy()})
    under_way, over = threading.Event(), threading.Event()

    def hanging(handler, name):
        body = images._blobs[name].body
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:100])
        handler.wfile.flush()
        under_way.set()
        over.wait(30)
        handler.close_connection = True

    images.answers["blobs"] = hanging
    command = [sys.executable, "-m", "clusters", "binaries", "fetch"]
    command += [f"--istio={hub.VERSION}", f"--hub={at}"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert under_way.wait(30)
    part = store.root() / "blobs" / f"{LAYER.digest.partition(':')[2]}.part"
    waiting.until(
        lambda: part.stat().st_size if part.exists() else 0,
        lambda size: size == 100,
        what="the first bytes on the disk",
        within=30,
    )
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    over.set()

    assert store.entries() == []
    asked: list[int] = []
    rest = breaking_off(asked, by=len(LAYER.body))
    images.answers["blobs"] = lambda handler, name: (
        rest(handler, name)
        if name == LAYER.digest
        else handler._send(200, images._blobs[name].body)
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, asked) == (0, [100]), done.stderr
    assert done.stdout.startswith(f"{hub.VERSION} is ready: images {at}/pilot")
    assert f"pilot:{hub.VERSION} layer 1 of 2 is here" in done.stderr
