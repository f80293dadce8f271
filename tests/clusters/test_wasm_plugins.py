"""Plugins under the embedded control plane and in a real Envoy: Secrets and connections."""

import json

import pytest

from clusters.pilot.documents import InvalidDocument


def plugin(name, url, **spec):
    document = {
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": "WasmPlugin",
        "metadata": {"name": name, "namespace": "istio-system"},
        "spec": {"url": url} | spec,
    }
    return f"---\n{json.dumps(document)}\n"


def secret(content):
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "pull", "namespace": "istio-system"},
        "stringData": {".dockerconfigjson": content},
    }
    return f"---\n{json.dumps(document)}\n"


def status(gateway):
    return gateway.send("GET", "/productpage").status


@pytest.fixture
def guarded(image_registry, probe_module):
    """The address of an image that is given to nobody without credentials."""
    url = image_registry.publish(probe_module("empty"))
    # A realm that the agent's guard of later releases lets pass; nobody goes there.
    image_registry.demand("basic", realm="https://registry.example/")
    return url


def test_a_module_is_pulled_with_the_secret_that_its_plugin_names(cluster, image_registry, guarded):
    documents = plugin("with-secret", guarded, imagePullSecret="pull")

    with cluster.delivered(documents + secret(image_registry.pull_secret)) as delivery:
        assert (delivery.fetch_failures, delivery.ineffective) == ((), ())
        assert "auths" not in repr(delivery), "nothing that is told holds the Secret"


def test_without_the_secret_it_is_said_which_one_is_missing(cluster, guarded):
    with cluster.delivered(plugin("no-secret", guarded, imagePullSecret="pull")) as delivery:
        [outcome] = delivery.ineffective
        [failure] = delivery.fetch_failures
        assert "there is no Secret istio-system/pull of type" in outcome.sentence
        assert failure.endswith("missing image pulling secret")


def test_without_a_secret_the_registry_refuses(cluster, guarded):
    with cluster.delivered(plugin("nameless", guarded)) as delivery:
        assert "401" in delivery.fetch_failures[0] or "UNAUTHORIZED" in delivery.fetch_failures[0]


def test_a_secret_that_the_api_server_would_refuse_is_refused(cluster):
    with (
        pytest.raises(InvalidDocument, match="secret contents redacted") as refusal,
        cluster.delivered(secret("hush")),
    ):
        pytest.fail("the block must not run")
    assert "hush" not in str(refusal.value)


def test_a_plugin_for_connections_is_fetched_and_serves(cluster, gateway, publisher, probe_module):
    url = publisher.publish(probe_module("empty"))

    with cluster.delivered(plugin("connections", url, type="NETWORK")) as delivery:
        assert (delivery.fetch_failures, delivery.refusals, delivery.waiting_for) == ((), (), ())
        assert delivery.outcomes[0].sentence.startswith("is network filter 1 of 2")
        assert status(gateway) == 200


def test_a_plugin_for_connections_that_is_not_fetched_lets_none_in(cluster, gateway, publisher):
    url = publisher.serve_status("gone.wasm", 404)

    with cluster.delivered(plugin("none", url, type="NETWORK")) as delivery:
        assert delivery.fetch_failures
        with pytest.raises(Exception, match="no reply"):
            status(gateway)
    assert status(gateway) == 200
