"""How image references are read, and which registries are spoken to in plain HTTP."""

import pytest

from clusters.pilot.oci_reference import InvalidReference, Reference
from clusters.pilot.pull_secret import Credentials, InvalidSecret, credentials
from clusters.pilot.realm_guard import refusal
from clusters.pilot.settings import Settings, UnknownSetting

DIGEST = "sha256:" + "a1" * 32
REFERENCES = {
    "r.test/ab": ("r.test", "ab", "latest", ""),
    "r.test/a/b:1.2": ("r.test", "a/b", "1.2", ""),
    "r.test:5000/ab": ("r.test:5000", "ab", "latest", ""),
    "r.test:5000/ab:x_Y": ("r.test:5000", "ab", "x_Y", ""),
    f"r.test:5000/ab@{DIGEST}": ("r.test:5000", "ab", "", DIGEST),
    f"r.test/ab:1@{DIGEST}": ("r.test", "ab", "", DIGEST),
    "localhost/ab:1": ("localhost", "ab", "1", ""),
    "team/a:1": ("index.docker.io", "team/a", "1", ""),
    "ubuntu": ("index.docker.io", "library/ubuntu", "latest", ""),
    "docker.io/team/a": ("index.docker.io", "team/a", "latest", ""),
}


@pytest.mark.parametrize("text", REFERENCES)
def test_a_reference_is_read(text):
    found = Reference.parse(text)

    assert (found.registry, found.repository, found.tag, found.digest) == REFERENCES[text]


@pytest.mark.parametrize(
    "text",
    ["", "r.test/", "r.test/AB", "r.test/a", "r.test/ab:", "r.test/ab:c d", "r.test/ab@1"],
)
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(InvalidReference, match="could not parse reference"):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1:5000", True),
        ("localhost", True),
        ("localhost:5000", True),
        ("a.localhost:5000", True),
        ("10.1.2.3", True),
        ("172.16.0.1:5000", True),
        ("192.168.1.1", True),
        ("[::1]:5000", True),
        ("127.0.0.2:5000", False),
        ("172.32.0.1", False),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
        ("r.test:5000", False),
    ],
)
def test_local_registries_may_be_plain(host, local):
    assert Reference.parse(f"{host}/team/a").local is local


SECRETS = {
    "auth": '{"auths": {"r.test:5000": {"auth": "bWU6cDp3"}}}',
    "a URL": '{"auths": {"https://r.test:5000/v1/": {"auth": "bWU6cDp3"}}}',
    "fields": '{"auths": {"r.test:5000": {"username": "me", "password": "p:w"}}}',
    "several": '{"auths": {"o.test": {"auth": "eDp5"}, "r.test:5000": {"auth": "bWU6cDp3"}}}',
}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_pull_secret_gives_the_credentials_of_its_registry(secret):
    assert credentials(SECRETS[secret], "r.test:5000") == Credentials("me", "p:w")
    assert credentials(SECRETS[secret], "r.test") is None


def test_the_pull_secret_of_docker_hub_goes_by_its_old_name():
    secret = '{"auths": {"https://index.docker.io/v1/": {"auth": "bWU6cDp3"}}}'

    assert credentials(secret, "index.docker.io") == Credentials("me", "p:w")


@pytest.mark.parametrize("secret", ["s3cret", "[]", '{"auths": {"r.test": {"auth": "s3cret!"}}}'])
def test_a_broken_pull_secret_is_told_without_it(secret):
    with pytest.raises(InvalidSecret) as refused:
        credentials(secret, "r.test")
    assert "s3cret" not in str(refused.value)


REFUSED = {
    "http://127.0.0.1/token": "private/loopback/link-local IP",
    "http://127.0.0.5:5000/token": "private/loopback/link-local IP",
    "https://10.0.0.1/token": "private/loopback/link-local IP",
    "https://172.16.0.1/": "private/loopback/link-local IP",
    "https://192.168.1.1/": "private/loopback/link-local IP",
    "http://169.254.169.254/latest/": "private/loopback/link-local IP",
    "http://[::1]/token": "private/loopback/link-local IP",
    "http://[fe80::1]/token": "private/loopback/link-local IP",
    "http://[fd00:ec2::254]/": "private/loopback/link-local IP",
    "http://localhost:8080/": "localhost",
    "http://metadata.google.internal/x": "cloud metadata service",
    "file:///etc/passwd": 'scheme "file" not allowed',
    "Registry Realm": 'scheme "" not allowed',
    "http://": "missing host",
}


@pytest.mark.parametrize("realm", REFUSED)
def test_a_realm_that_leads_inside_is_refused(realm):
    told = refusal([f'Bearer realm="{realm}",service="r.test"'])

    assert told.startswith("rejected unsafe bearer realm: realm ")
    assert told.endswith(REFUSED[realm])


@pytest.mark.parametrize(
    "challenge",
    [
        'Bearer realm="https://auth.example.com/token",service="r.test"',
        'Bearer realm="http://auth.example.com/token"',
        'Bearer realm="https://8.8.8.8/token"',
        'Bearer realm="http://0.0.0.0/token"',
        'Bearer realm="http://LOCALHOST/token"',
        'Bearer service="r.test"',
        'Basic charset="UTF-8"',
    ],
)
def test_other_realms_pass_some_of_which_lead_inside_too(challenge):
    assert refusal([challenge]) == ""


def test_every_realm_of_every_challenge_is_looked_at():
    good, bad = 'realm="https://a.example/"', 'realm="http://127.0.0.1/"'

    assert refusal([f"Bearer {good}, Basic {bad}"])
    assert refusal([f"Bearer {good}", f"Bearer {bad}"])


def test_settings_are_read_from_the_agents_variables():
    read = Settings.read(
        {"WASM_INSECURE_REGISTRIES": "a:1, b", "ISTIO_WASM_MAX_BINARY_SIZE_BYTES": "7"}
    )

    assert read == Settings(frozenset({"a:1", "b"}), 7)
    assert [read.insecure(host) for host in ("a:1", "a", "b", "c")] == [True, False, True, False]
    assert Settings.read({"WASM_INSECURE_REGISTRIES": "*"}).insecure("anything")
    assert Settings.read({}) == Settings(frozenset(), 256 << 20)


@pytest.mark.parametrize(
    "variables", [{"WASM_MODULE_EXPIRY": "1h"}, {"ISTIO_WASM_MAX_BINARY_SIZE_BYTES": "1Mi"}]
)
def test_a_setting_that_would_do_nothing_is_refused(variables):
    with pytest.raises(UnknownSetting, match=next(iter(variables))):
        Settings.read(variables)
