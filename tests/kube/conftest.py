"""A cluster on loopback: the project's own API server, with pods that are servers here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from clusters import apply
from clusters.kube import istiod
from clusters.kube.forwarding import forwarding
from clusters.kube.gateway_pods import ADMIN_PORT, GatewayPods
from clusters.kube.target import Target
from clusters.local import apiserver
from clusters.local.apiserver import admission
from clusters.pilot.behaviours import Behaviours
from tests.kube.front import Front, Pages

CONTEXT = "istio-wasm-conformance"
LABELS = {"istio": "ingressgateway"}


@dataclass
class Lab:
    """A cluster with a front door; `admins` and `istiods` are the pages of its pods, by name."""

    served: Any
    front: Front
    target: Target
    admins: dict[str, Pages] = field(default_factory=dict)
    istiods: dict[str, Pages] = field(default_factory=dict)

    def gateway(self, name, **metadata):
        """Let there be a pod of the gateway; returns the pages of its proxy's admin interface."""
        self.served.put(pod(name, "ingress", LABELS, **metadata))
        return self._serve(self.admins, name, ADMIN_PORT)

    def istiod(self, name):
        """Let there be an istiod; returns the pages that it shows of itself."""
        self.served.put(pod(name, "istio-system", {"app": "istiod"}))
        return self._serve(self.istiods, name, istiod.PORT)

    def _serve(self, pages, name, port):
        pages[name] = Pages()
        self.front.ports[name, port] = pages[name].port
        return pages[name]

    def gone(self, name, namespace="ingress"):
        self.served.drop(pod(name, namespace, {}))

    def stop(self):
        self.front.stop()
        for pages in (*self.admins.values(), *self.istiods.values()):
            pages.stop()


def pod(name, namespace, labels, *, env=(), **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels} | metadata,
        "spec": {"containers": [{"name": "istio-proxy", "env": list(env)}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {
                    "name": "istio-proxy",
                    "restartCount": 0,
                    "ready": True,
                    "image": "proxy",
                    "imageID": "",
                }
            ],
        },
    }


@pytest.fixture
def served():
    """Kubernetes' API with the webhook of Istio 1.31."""
    with apiserver.serving(
        admission.of(Behaviours("1.31.0")), namespaces=("ingress", "istio-system", "run-1")
    ) as served:
        yield served


@pytest.fixture
def lab(served, tmp_path):
    front = Front(served.url)
    target = Target(
        kubeconfig=front.kubeconfig(served, tmp_path / "kubeconfig"),
        context=CONTEXT,
        gateway_url="http://127.0.0.1:1",
        gateway_namespace="ingress",
        gateway_labels=LABELS,
        root_namespace="istio-system",
        namespace="run-1",
        owned=True,
        relay_image="python",
        origin="a test",
        run="r1",
    )
    lab = Lab(served, front, target)
    yield lab
    lab.stop()


@pytest.fixture
def kube(lab):
    """The API on behalf of the run r1."""
    kube = apply.connect(lab.target.kubeconfig, context=CONTEXT, run="r1")
    yield kube
    kube.close()


@pytest.fixture
def ways(lab):
    return forwarding(lab.target.kubeconfig, CONTEXT)


@pytest.fixture
def pods(lab, ways, tmp_path):
    """The gateway's pods, not looked at yet; their logs are in a folder of their own."""
    from kubernetes import client

    folder = tmp_path / "logs"
    folder.mkdir()

    def api():
        return client.CoreV1Api(apply.api_client(lab.target.kubeconfig, context=CONTEXT))

    pods = GatewayPods(lab.target, ways, api, folder)
    yield pods
    pods.close()


@pytest.fixture
def istiods(lab, ways, pods):
    found = istiod.Istiods("istio-system", ways, pods.istiods)
    yield found
    found.close()


def page(told):
    """Return a page as a server writes it."""
    return json.dumps(told)
