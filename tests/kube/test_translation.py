"""What becomes of a suite's documents on their way into a cluster, and of words on the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clusters.kube.target import Target
from clusters.kube.translation import Translation

HOST = "10.244.0.9"


TARGET = Target(
    kubeconfig=Path("kubeconfig"),
    context="lab",
    gateway_url="http://127.0.0.1:31080",
    gateway_namespace="ingress",
    gateway_labels={"gateway": "theirs"},
    root_namespace="istio-root",
    namespace="run-1",
    owned=True,
    relay_image="python",
    origin="a test",
)


def translation(**fields):
    return Translation(replace(TARGET, **fields), HOST, lambda port: port + 1)


@pytest.fixture
def kept():
    return translation()


def document(kind, spec, namespace="istio-system", **metadata):
    named = {"name": "one", "namespace": namespace} | metadata
    return {"apiVersion": "v1", "kind": kind, "metadata": named, "spec": spec}


def spec(kept, kind, spec):
    return kept.out(document(kind, spec))["spec"]


@pytest.mark.parametrize(
    ("written", "there"),
    [("default", "run-1"), ("istio-system", "istio-root"), ("other", "other")],
)
def test_namespaces_are_those_of_the_target(kept, written, there):
    assert kept.out(document("Gateway", {}, written))["metadata"]["namespace"] == there


def test_the_server_alone_says_when_an_object_was_made(kept):
    out = kept.out(document("Gateway", {}, creationTimestamp="2021-02-09T00:00:00Z"))

    assert "creationTimestamp" not in out["metadata"]


ADDRESSES = {
    "http://127.0.0.1:4711/a.wasm": f"http://{HOST}:4712/a.wasm",
    "oci://127.0.0.1:4711/a:1": f"oci://{HOST}:4712/a:1",
    "127.0.0.1:4711/a:1": f"{HOST}:4712/a:1",
    "http://[::1]:4711/a.wasm": f"http://{HOST}:4712/a.wasm",
    "http://127.0.0.11:4711/a.wasm": "http://127.0.0.11:4711/a.wasm",
    "http://elsewhere.test/127.0.0.1:4711": "http://elsewhere.test/127.0.0.1:4711",
}


@pytest.mark.parametrize("written", ADDRESSES)
def test_modules_on_this_machine_are_fetched_through_the_relay(kept, written):
    plugin = spec(kept, "WasmPlugin", {"url": written})
    remote = spec(kept, "EnvoyFilter", {"code": {"remote": {"http_uri": {"uri": written}}}})

    assert plugin["url"] == ADDRESSES[written]
    assert remote["code"]["remote"]["http_uri"]["uri"] == ADDRESSES[written]


def test_a_filters_own_configuration_is_left_alone(kept):
    told = {"value": "http://127.0.0.1:4711/ productpage.default.svc.cluster.local"}

    for key in ("configuration", "pluginConfig"):
        assert spec(kept, "EnvoyFilter", {key: told | {"url": "127.0.0.1:1"}})[key] == told | {
            "url": "127.0.0.1:1"
        }


def test_a_pull_secret_names_the_registry_as_the_agent_does(kept):
    name = "ISTIO_META_WASM_IMAGE_PULL_SECRET"

    out = spec(kept, "EnvoyFilter", {name: '{"auths": {"127.0.0.1:4711": {}}}'})

    assert out[name] == f'{{"auths": {{"{HOST}:4712": {{}}}}}}'


def test_an_application_on_this_machine_is_an_endpoint_of_the_relay(kept):
    entry = {
        "hosts": ["productpage.default.svc.cluster.local"],
        "ports": [{"number": 9080, "name": "http", "targetPort": 4711}],
        "endpoints": [{"address": "127.0.0.1"}, {"address": "192.0.2.1"}],
    }

    out = spec(kept, "ServiceEntry", entry)

    assert out["hosts"] == ["productpage.run-1.svc.cluster.local"]
    assert out["endpoints"] == [
        {"address": HOST, "ports": {"http": 4712}},
        {"address": "192.0.2.1"},
    ]


def test_the_gateway_is_chosen_by_its_own_labels(kept):
    ingress = {"istio": "ingressgateway"}

    assert spec(kept, "Gateway", {"selector": ingress})["selector"] == {"gateway": "theirs"}
    for labels in ({"istio": "egressgateway"}, {"app": "a"}):
        selector = {"labels": labels}
        found = spec(kept, "EnvoyFilter", {"workloadSelector": selector})
        assert found["workloadSelector"] == selector


@pytest.mark.parametrize(
    ("kind", "selected"),
    [
        ("EnvoyFilter", {"workloadSelector": {"labels": {"gateway": "theirs"}}}),
        ("WasmPlugin", {"selector": {"matchLabels": {"gateway": "theirs"}}}),
    ],
)
def test_on_somebody_elses_gateway_nothing_is_for_all_gateways(kept, kind, selected):
    assert spec(translation(owned=False), kind, {}) == selected
    assert spec(kept, kind, {}) == {}


def test_words_come_back_with_the_addresses_that_were_written(kept):
    spec(kept, "WasmPlugin", {"url": "http://127.0.0.1:4711/a"})

    told = kept.back(f"cannot fetch http://{HOST}:4712/a, nor http://{HOST}:47120/b")

    assert told == f"cannot fetch http://127.0.0.1:4711/a, nor http://{HOST}:47120/b"


def test_names_in_the_proxy_are_compared_as_they_were_written(kept):
    name = "outbound|9080||productpage.run-1.svc.cluster.local"

    assert kept.as_written(name) == "outbound|9080||productpage.default.svc.cluster.local"
