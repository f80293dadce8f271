"""What is kept of a failed check says nothing that was entrusted to anybody."""

import pytest

from clusters import redaction

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "type": "kubernetes.io/dockerconfigjson",
    "metadata": {"name": "pull", "namespace": "istio-system", "annotations": {"last": "hush"}},
    "stringData": {".dockerconfigjson": "hush"},
    "data": {"other": "aHVzaA=="},
}
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmVkLWJ5LW5vYm9keQ"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabc=\n-----END RSA PRIVATE KEY-----"


def test_a_secret_is_kept_without_its_content():
    kept = redaction.thing(SECRET)

    assert "hush" not in str(kept)
    assert "aHVzaA" not in str(kept)
    assert (kept["type"], kept["metadata"]["name"]) == ("kubernetes.io/dockerconfigjson", "pull")
    assert list(kept["stringData"]) == [".dockerconfigjson"]
    assert SECRET["stringData"] == {".dockerconfigjson": "hush"}, "the original stays as it is"


def test_anything_else_is_kept_as_it_is():
    other = {"kind": "ConfigMap", "metadata": {"annotations": {"a": "b"}}, "data": {"c": "d"}}

    assert redaction.thing(other) == other


@pytest.mark.parametrize("part", ["containers", "initContainers", "ephemeralContainers"])
def test_the_variables_of_pods_are_kept_without_their_values(part):
    reference = {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    password = {"name": "PASSWORD", "value": "hush"}
    env = [password, reference, {"name": "EMPTY"}]
    pod = {"metadata": {"name": "a"}, "spec": {part: [{"name": "x", "env": env}, {"name": "y"}]}}

    kept = redaction.thing(pod)

    assert kept["spec"][part] == [
        {"name": "x", "env": [{"name": "PASSWORD", "value": "…"}, reference, {"name": "EMPTY"}]},
        {"name": "y"},
    ]
    assert password["value"] == "hush", "the original stays as it is"


def test_what_kubectl_repeats_of_an_object_is_left_out():
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"value":"hush"}', "a": "b"}
    pod = {"kind": "Pod", "metadata": {"name": "a", "annotations": annotations}, "spec": {}}

    kept = redaction.thing(pod)

    assert "hush" not in str(kept)
    assert kept["metadata"]["annotations"]["a"] == "b"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        pytest.param(f"the token {JWT} expired", JWT, id="a JSON web token"),
        pytest.param("authorization: Bearer abcdef0123456789", "abcdef0123456789", id="bearer"),
        pytest.param('"authorization: bearer abcdef0123456789"', "abcdef0123456789", id="lower"),
        pytest.param(f"it holds {KEY} and more", KEY, id="a private key"),
        pytest.param("authorization: Basic YWRtaW46c2VjcmV0", "YWRtaW46c2VjcmV0", id="Basic"),
        pytest.param("'authorization', 'basic YTpi'", "YTpi", id="basic"),
        pytest.param('"value": "Basic YWRtaW46c2VjcmU="', "YWRtaW46c2VjcmU=", id="padded"),
        pytest.param("pull from https://me:hush@registry/x", "me:hush", id="in a URL"),
        pytest.param('{"auths":{"r":{"auth": "bWU6aHVzaA=="}}}', "bWU6aHVzaA==", id="a registry's"),
        pytest.param(r'"{\"r\":{\"password\":\"hush\"}}"', "hush", id="JSON within JSON"),
    ],
)
def test_texts_are_kept_without_tokens_keys_and_credentials(text, secret):
    kept = redaction.words(text)

    assert secret not in kept
    assert kept == text.replace(secret, "…")


@pytest.mark.parametrize(
    "text",
    [
        'www-authenticate: Basic realm="istio"',
        "basic authentication failed",
        "basic_auth filter, Basic auth",
        "http://127.0.0.1:15000/clusters@x",
        '"authority": "a.example"',
        "the bearer is a pod",
    ],
)
def test_words_about_credentials_stay(text):
    assert redaction.words(text) == text


def test_what_a_run_itself_sends_may_keep_its_basic_credentials_but_no_token():
    text = f"> authorization: Basic YWRtaW46c2VjcmV0\n> x: {JWT}"

    assert redaction.tokens(text) == "> authorization: Basic YWRtaW46c2VjcmV0\n> x: …"
