"""Images of a release, pulled from a real registry that holds what the test made."""

import hashlib
import shutil
import stat
import sys

import pytest

from clusters import release
from clusters.local import binaries
from clusters.local.binaries import WrongBinary, executables, fetching, store
from clusters.local.binaries.executables import ENVOY, ISTIOD
from clusters.local.binaries.failures import FetchFailed
from clusters.local.binaries.progress import Progress
from filters import images, registry
from filters.docker_registry import CONFIGURATION, DockerRegistry
from filters.images import Blob
from filters.registry import Target
from tests.clusters.binaries import hub, programs
from tests.clusters.binaries.hub import VERSION

RELEASE = release.find(VERSION)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return store


@pytest.fixture
def where(request, docker_registry):
    """Return a function that pushes images to a hub of this test's own."""
    path = "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[:60].strip("-")
    path = "-".join(part for part in path.split("-") if part)

    def push(**options):
        given = {"pilot": hub.pilot(), "proxyv2": hub.proxy()} | options.pop("images", {})
        return hub.push(docker_registry.host, path, given, **options)

    return push


@pytest.fixture
def fetch():
    def get(at):
        screen: list[str] = []
        entry, made = fetching.fetch(RELEASE, at, _Lines(screen))
        return entry, made, screen

    return get


class _Lines(Progress):
    def __init__(self, lines):
        super().__init__(moves=False)
        self.lines = lines

    def line(self, text):
        self.lines.append(text)


def refused(fetch, at, error=FetchFailed):
    with pytest.raises(error) as failed:
        fetch(at)
    assert store.entries() == []
    assert "\nHint: " in str(failed.value)
    return str(failed.value)


def blobs():
    return sorted(path.name for path in (store.root() / "blobs").iterdir())


def test_the_programs_of_a_release_are_taken_out_of_its_images(where, fetch):
    at = where()
    entry, made, told = fetch(at)

    assert made
    assert sorted(path.name for path in entry.folder.iterdir()) == [
        "envoy",
        "envoy_bootstrap_tmpl.json",
        "pilot-agent",
        "pilot-discovery",
        "record.json",
    ]
    assert all((entry.folder / role).stat().st_mode & stat.S_IXUSR for role in (ISTIOD, ENVOY))
    assert (entry.folder / "envoy_bootstrap_tmpl.json").read_bytes() == hub.TEMPLATE
    assert entry.origin == (
        f"images {at}/pilot:{VERSION} and {at}/proxyv2:{VERSION} "
        f"({hub.pilot().digest[:19]}, {hub.proxy().digest[:19]})"
    )
    # The bases lie below everything that is needed, and were not asked for.
    repository = at.partition("/")[2]
    assert told == [
        f"{repository}/pilot:{VERSION} layer 1 of 2 is here",
        *(f"{repository}/proxyv2:{VERSION} layer {number} of 4 is here" for number in (1, 2, 3)),
    ]
    assert blobs() == []

    found = binaries.find(RELEASE, hub=at)
    assert (found.version, found.agent_version, found.istio_filters) == (VERSION, VERSION, True)
    assert (found.istiod.parent, found.envoy) == (entry.folder, entry.folder / ENVOY)


def test_what_was_fetched_is_not_fetched_again(where, fetch):
    at = where()
    entry = fetch(at)[0]

    assert fetch(at) == (entry, False, [])


def test_a_damaged_entry_is_fetched_again(where, fetch):
    at = where()
    path = fetch(at)[0].folder / ISTIOD
    path.write_bytes(b"")
    _, made, told = fetch(at)

    assert made
    assert "damaged: pilot-discovery has 0 bytes" in told[0]
    assert executables.inspect(path, ISTIOD).version == VERSION


def test_an_image_may_be_without_an_index(docker_registry, fetch):
    for name, image in (("pilot", hub.pilot()), ("proxyv2", hub.proxy())):
        registry.push(image, Target(docker_registry.host, f"no-index/{name}", VERSION))

    assert fetch(f"{docker_registry.host}/no-index")[1]


def test_an_image_may_be_of_dockers_kind(docker_registry, fetch):
    for name, image in (("pilot", hub.pilot()), ("proxyv2", hub.proxy())):
        layers = [Blob(images.DOCKER_LAYER, blob.body) for blob in image.blobs[1:]]
        config = Blob(images.DOCKER_CONFIG, image.blobs[0].body)
        docker = images.assemble(images.DOCKER_MANIFEST, config, tuple(layers))
        registry.push(docker, Target(docker_registry.host, f"docker-kind/{name}", VERSION))

    assert fetch(f"{docker_registry.host}/docker-kind")[1]


@pytest.fixture
def half_a_layer(where):
    """A hub, and the file that an earlier run left of the layer with istiod."""
    layer = hub.pilot().blobs[-1]
    part = store.root() / "blobs" / f"{layer.digest.partition(':')[2]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(layer.body[:200])
    return where(), part


def test_a_download_goes_on_where_it_stopped(half_a_layer, fetch):
    assert fetch(half_a_layer[0])[1]
    assert blobs() == []


def test_what_is_here_already_is_not_asked_for_again(half_a_layer, fetch):
    at, part = half_a_layer
    # Other bytes than the registry has: they would be gone, had it been asked for them.
    part.write_bytes(bytes(200))
    digest = hub.pilot().blobs[-1].digest
    other = hashlib.sha256(bytes(200) + hub.pilot().blobs[-1].body[200:]).hexdigest()

    assert f"with the digest sha256:{other} instead of {digest}; they were thrown away" in refused(
        fetch, at
    )
    assert not part.exists()
    assert fetch(at)[1]


def test_a_part_larger_than_the_layer_is_begun_anew(half_a_layer, fetch):
    at, part = half_a_layer
    part.write_bytes(bytes(1 << 16))

    assert fetch(at)[1]


def test_an_unknown_tag_is_told(where, fetch):
    at = where(tag="1.24.5")
    told = refused(fetch, at)
    host, _, path = at.partition("/")

    assert told.startswith(
        f"{host} has no image {host}/{path}/pilot:{VERSION}\nlast seen: MANIFEST"
    )


def test_an_image_for_other_machines_is_told(docker_registry, where, fetch):
    at = where(platform="linux/s390x")

    assert f"is not made for {hub.PLATFORM} but for linux/riscv64, linux/s390x\n" in refused(
        fetch, at
    )


def test_an_image_with_another_release_in_it_is_told(where, fetch):
    at = where(images={"proxyv2": hub.proxy("1.24.5")})

    assert f"the image of {at} tagged {VERSION} holds pilot-agent 1.24.5\n" in refused(
        fetch, at, WrongBinary
    )
    # The download was not in vain where it is the image that gets mended.
    assert len(blobs()) == 4


def test_an_image_without_the_program_is_told(where, fetch):
    at = where(images={"pilot": programs.image(programs.layer({"usr/local/bin/other": b""}))})

    assert "/pilot:1.24.6 holds no usr/local/bin/pilot-discovery\n" in refused(fetch, at)


def test_a_layer_in_a_packing_that_is_unknown_here_is_told_by_name(where, fetch):
    layer = Blob("application/vnd.oci.image.layer.v1.tar+zstd", b"(\xb5/\xfd")
    at = where(images={"pilot": programs.image(layer)})

    assert "has a layer of the type vnd.oci.image.layer.v1.tar+zstd, and only tar" in refused(
        fetch, at
    )


def test_a_layer_that_leads_out_of_the_image_is_refused(where, fetch, tmp_path):
    at = where(images={"pilot": programs.image(programs.layer({"../../../evil": b"x"}))})

    assert "an entry is named '../../../evil', which leads out of the image" in refused(fetch, at)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("at", ["https://docker.io/istio", "docker.io/Istio", "a b"])
def test_a_hub_that_names_none_is_told(fetch, at):
    assert refused(fetch, at).startswith(f"--hub={at} is not HOST/PATH")


def test_nobody_there_is_told(fetch):
    assert refused(fetch, "127.0.0.1:1/istio").startswith("127.0.0.1:1 cannot be asked: ")


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is loopback on Linux only")
def test_a_registry_without_tls_is_asked_only_on_loopback(tmp_path, monkeypatch, fetch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    if not (shutil.which("docker-registry") or shutil.which("registry")):
        pytest.skip("no image registry\nHint: bash .ci/toolchains-registry")
    monkeypatch.setitem(CONFIGURATION, "http", {"addr": "127.0.0.2:0", "secret": "x"})
    with DockerRegistry(tmp_path) as elsewhere:
        told = refused(fetch, f"{elsewhere.host}/istio")

    assert told.startswith(f"{elsewhere.host} does not speak TLS")


def test_another_system_is_told_that_images_hold_programs_for_linux(monkeypatch, fetch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert refused(fetch, "127.0.0.1:1/istio") == (
        "the images hold programs for Linux, and this is darwin\n"
        "Hint: python -m clusters binaries build --istio=1.24"
    )
