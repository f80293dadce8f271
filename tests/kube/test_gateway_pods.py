"""Which pods are the gateway, and which are about to end."""

import socket

import pytest

from clusters import apply
from clusters.kube import gateway_pods
from clusters.kube.gateway_pods import GatewayPods
from clusters.kube.target import Target
from clusters.local import apiserver

LABELS = {"istio": "ingressgateway"}


def pod(name, **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ingress", "labels": LABELS} | metadata,
        "spec": {"containers": [{"name": "istio-proxy"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


@pytest.fixture
def served():
    with apiserver.serving(namespaces=("ingress",)) as served:
        yield served


@pytest.fixture
def pods(served, tmp_path):
    from kubernetes import client

    kubeconfig = served.kubeconfig(tmp_path / "kubeconfig")
    target = Target(
        kubeconfig=kubeconfig,
        context="istio-wasm-conformance",
        gateway_url="http://127.0.0.1:1",
        gateway_namespace="ingress",
        gateway_labels=LABELS,
        root_namespace="istio-system",
        namespace="run-1",
        owned=True,
        relay_image="python",
        origin="a test",
    )
    api = client.CoreV1Api(apply.api_client(kubeconfig, context=target.context))
    return GatewayPods(target, None, lambda: api, tmp_path)  # type: ignore[arg-type]


def test_a_pod_that_is_about_to_end_is_told_until_it_is_gone(served, pods):
    leaving = pod("earlier", deletionTimestamp="2026-11-25T04:00:00Z")
    served.put(pod("later"))
    served.put(leaving)
    served.put(pod("somebody-elses", labels={"app": "other"}))

    assert pods.leaving() == ["earlier"]

    served.drop(leaving)
    assert pods.leaving() == []


def test_an_api_that_falls_silent_is_told_and_not_waited_for(pods, monkeypatch):
    monkeypatch.setattr(gateway_pods, "REQUEST_SECONDS", (0.1, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        pods.api().api_client.configuration.host = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(apply.Unreachable, match="did not answer when listing the pods"):
            pods.look()
