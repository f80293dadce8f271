"""Pushing to a registry: one of our own with faults, and a real one where it is installed."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from filters import docker_config, images, registry
from filters.docker_config import Credentials, UnusableCredentials
from filters.docker_registry import DockerRegistry, RegistryFailed, RegistryMissing, find
from filters.image_registry import PASSWORD, USER, ImageRegistry, _Api
from filters.module import load
from filters.registry import InvalidTarget, Pushed, PushFailed, push, target
from filters.registry_publisher import RegistryPublisher
from tests.filters.handmade import module

ROOT = Path(__file__).parents[2]
IMAGE = images.build(module(), "compat")
KNOWN = Credentials(USER, PASSWORD)


@pytest.fixture
def own():
    with ImageRegistry() as registry:
        yield registry


@pytest.fixture
def built(tmp_path):
    path = tmp_path / "some.wasm"
    path.write_bytes(module())
    return load(path, name="some", contract="any", language="cpp")


@pytest.fixture
def configuration(tmp_path, monkeypatch):
    """A function that writes the docker configuration of this test."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def write(table):
        (tmp_path / "config.json").write_text(
            table if isinstance(table, str) else json.dumps(table)
        )

    return write


def pulled(host, repository, name):
    """Media type and body of a manifest."""
    accept = ", ".join((images.OCI_MANIFEST, images.DOCKER_MANIFEST))
    request = urllib.request.Request(
        f"http://{host}/v2/{repository}/manifests/{name}", headers={"Accept": accept}
    )
    with urllib.request.urlopen(request) as answer:
        return answer.headers["content-type"], answer.read()


TARGETS = {
    "registry.example.com/a": ("registry.example.com", "a", ""),
    "registry.example.com/team/auth:1.2": ("registry.example.com", "team/auth", "1.2"),
    "oci://localhost/a/b": ("localhost", "a/b", ""),
    "127.0.0.1:5000/auth:latest": ("127.0.0.1:5000", "auth", "latest"),
}


@pytest.mark.parametrize("text", TARGETS)
def test_a_target_is_host_repository_and_perhaps_a_tag(text):
    found = target(text)

    assert (found.host, found.repository, found.tag) == TARGETS[text]


@pytest.mark.parametrize(
    "text",
    ["", "auth", "team/auth", "host.example", "host.example/Auth", "host.example/a@sha256:1"],
)
def test_what_is_no_target_is_refused_with_the_form(text):
    with pytest.raises(InvalidTarget, match=r"is not HOST/REPO or HOST/REPO:tag"):
        target(text)


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("localhost", "http://localhost/v2/"),
        ("[::1]:5000", "http://[::1]:5000/v2/"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com/v2/"),
        ("10.0.0.1:5000", "https://10.0.0.1:5000/v2/"),
        ("docker.io", "https://registry-1.docker.io/v2/"),
    ],
)
def test_only_loopback_is_spoken_to_in_plain_text(host, base):
    assert registry.Target(host, "a", "").base == base


@pytest.mark.parametrize("layout", images.LAYOUTS)
def test_an_image_arrives_under_its_tag_and_its_digest(own, layout):
    image = images.build(module(), layout)
    pushed = push(image, target(f"{own.host}/team/auth:1"))

    assert pushed == Pushed(f"{own.host}/team/auth:1", image.digest)
    assert pushed.pinned == f"{own.host}/team/auth@{image.digest}"
    wanted = (image.manifest.media_type, image.manifest.body)
    assert pulled(own.host, "team/auth", "1") == wanted
    assert pulled(own.host, "team/auth", image.digest) == wanted


def test_what_the_registry_has_is_not_sent_again(own, monkeypatch):
    begun = []
    begin = _Api.do_POST

    def counted(self):
        begun.append(self.path)
        begin(self)

    monkeypatch.setattr(_Api, "do_POST", counted)
    for tag in ("1", "2"):
        push(IMAGE, target(f"{own.host}/auth:{tag}"))

    assert len(begun) == len(IMAGE.blobs)


def test_without_a_tag_it_is_the_latest(own):
    assert push(IMAGE, target(f"{own.host}/auth")).reference == f"{own.host}/auth:latest"


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_credentials_are_given_where_they_are_asked_for(own, scheme):
    own.demand(scheme)

    assert push(IMAGE, target(f"{own.host}/auth"), KNOWN).digest == IMAGE.digest


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
@pytest.mark.parametrize(
    ("given", "cause"),
    [(None, "wants credentials"), (Credentials("who", "else"), "refused the credentials")],
    ids=["none", "others"],
)
def test_a_refusal_says_what_to_do(own, scheme, given, cause):
    own.demand(scheme)

    with pytest.raises(PushFailed) as refused:
        push(IMAGE, target(f"{own.host}/auth"), given)
    assert f"likely cause: the registry {cause}\nHint: docker login {own.host}" in str(
        refused.value
    )
    assert "401" in str(refused.value)


def test_nobody_there_is_one_error_with_the_request():
    with pytest.raises(PushFailed, match=r"127\.0\.0\.1:1 cannot be asked: HEAD .*refused"):
        push(IMAGE, target("127.0.0.1:1/auth"))


def test_something_that_is_no_registry_is_told_with_its_answer(own):
    with pytest.raises(PushFailed) as refused:
        push(IMAGE, registry.Target(own.host, "x/../..", ""))
    assert "answered POST" in str(refused.value)
    assert "with 404, expected 202\nlast seen: NAME_UNKNOWN" in str(refused.value)


ENTRIES = {
    "auth": {"auth": base64.b64encode(b"me:p:w").decode()},
    "fields": {"username": "me", "password": "p:w"},
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("key", ["r.test:5000", "https://r.test:5000/v1/"])
def test_credentials_come_from_the_docker_configuration(configuration, key, entry):
    configuration({"auths": {key: ENTRIES[entry], "other.test": {"auth": "eDp5"}}})

    assert docker_config.credentials("r.test:5000") == Credentials("me", "p:w")
    assert docker_config.credentials("r.test") is None


def test_docker_hub_goes_by_its_old_name(configuration):
    configuration({"auths": {"https://index.docker.io/v1/": ENTRIES["auth"]}})

    assert docker_config.credentials("docker.io") == Credentials("me", "p:w")


def test_no_configuration_is_no_credentials(configuration):
    assert docker_config.credentials("r.test") is None


HELPERS = {
    "for all": {"auths": {"r.test": {}}, "credsStore": "desktop"},
    "for this one": {"credHelpers": {"r.test": "desktop"}},
}


@pytest.mark.parametrize("helper", HELPERS)
def test_a_credential_helper_is_named_and_not_run(configuration, helper):
    configuration(HELPERS[helper])

    with pytest.raises(UnusableCredentials, match=r"docker-credential-desktop.*\nHint: DOCKER_C"):
        docker_config.credentials("r.test")
    assert docker_config.credentials("other.test") is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"auths": 1}', '{"auths": {"r.test": {"auth": "s3cret!"}}}']
)
def test_a_broken_configuration_is_named_without_its_secrets(configuration, text, tmp_path):
    configuration(text)

    with pytest.raises(UnusableCredentials) as refused:
        docker_config.credentials("r.test")
    assert str(tmp_path / "config.json") in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_the_publisher_of_a_run_gives_urls_by_digest(own, configuration, built):
    own.demand("basic")
    configuration(own.pull_secret)
    with RegistryPublisher(target(f"{own.host}/team/filters")) as publisher:
        url = publisher.publish(built)

        assert url == f"oci://{own.host}/team/filters@{IMAGE.digest}"
        assert publisher.checksum(built) == IMAGE.checksum
        assert publisher.publish(built) == url
        assert publisher.serve("a.wasm", b"").startswith("http://")


def command(*arguments):
    return subprocess.run(
        (sys.executable, "-m", "filters", "publish", *arguments),
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_reference_digest_and_checksum(own, configuration, built):
    done = command(str(built.path), f"--registry={own.host}/team/auth:1", "--layout=artifact")

    image = images.build(built.read(), "artifact")
    assert done.stdout.splitlines() == [
        f"oci://{own.host}/team/auth:1",
        f"oci://{own.host}/team/auth@{image.digest}",
        f"sha256 {image.checksum}",
    ]
    assert (done.returncode, done.stderr) == (0, "")


WRONG = {
    "target": (["--registry=auth"], "'auth' is not HOST/REPO"),
    "registry": (["--registry=127.0.0.1:1/auth"], "127.0.0.1:1 cannot be asked"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_the_command_tells_a_mistake_without_a_traceback(configuration, built, mistake):
    arguments, text = WRONG[mistake]
    done = command(str(built.path), *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(text)
    assert "Traceback" not in done.stderr


def test_the_command_pushes_no_file_that_is_not_wasm(own, tmp_path):
    (tmp_path / "a.wasm").write_text("hello")
    done = command(str(tmp_path / "a.wasm"), f"--registry={own.host}/auth")

    assert done.returncode == 1
    assert "a.wasm is not Wasm" in done.stderr
    with pytest.raises(urllib.error.HTTPError):
        pulled(own.host, "auth", "latest")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    try:
        find()
    except RegistryMissing as missing:
        pytest.skip(str(missing))
    with DockerRegistry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.mark.parametrize("layout", images.LAYOUTS)
def test_a_real_registry_takes_every_layout_and_gives_it_back(real, layout, built):
    url = real.publish(built, layout=layout)

    image = images.build(built.read(), layout)
    assert url == f"oci://{real.host}/conformance/some/{layout}:1"
    assert pulled(real.host, f"conformance/some/{layout}", "1") == (
        image.manifest.media_type,
        image.manifest.body,
    )


def test_a_missing_registry_is_named_with_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RegistryMissing, match=r"docker-registry.*\nHint: bash .ci/toolchains-reg"):
        find()
    assert (ROOT / ".ci" / "toolchains-registry").is_file()


def test_a_registry_that_does_not_start_is_told_with_its_words(monkeypatch, tmp_path):
    program = tmp_path / "docker-registry"
    program.write_text("#!/bin/sh\necho no such storage; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with (
        pytest.raises(RegistryFailed, match=r"(?s)where it listens\nlast seen: no such storage"),
        DockerRegistry(tmp_path),
    ):
        pass
