"""The gateway is found by its labels; what is there instead is told."""

import pytest

from clusters.existing import pods

LABELS = {"istio": "ingressgateway"}


def pod(name, *, labels=LABELS, containers=("istio-proxy",), ready=True, **status):
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "istio-system", "labels": dict(labels)},
        "spec": {"containers": [{"name": one} for one in containers]},
        "status": {"phase": "Running", "hostIP": "10.1.2.3", "conditions": conditions} | status,
    }


def waiting_for(container, reason, message):
    return [
        {
            "name": container,
            "ready": False,
            "state": {"waiting": {"reason": reason, "message": message}},
        }
    ]


@pytest.fixture
def put(served):
    return lambda *found: [served.put(one) for one in found]


def test_the_gateway_is_every_ready_pod_with_all_labels(cluster, put):
    more = LABELS | {"app": "mine"}
    put(pod("b", labels=more), pod("a", labels=more), pod("c"), pod("d", labels=more, ready=False))
    leaving = pod("e", labels=more)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-25T04:00:00Z"
    put(leaving)

    found = pods.gateway(cluster, "istio-system", more)

    assert [(one.name, one.node) for one in found] == [("a", "10.1.2.3"), ("b", "10.1.2.3")]


def test_without_such_a_pod_the_labels_of_the_gateways_there_are_are_told(cluster, put):
    put(
        pod("gateway", labels={"app": "edge", "istio": "edge", "pod-template-hash": "1"}),
        pod("sidecar", labels={"app": "shop"}, containers=("shop", "istio-proxy")),
        pod("plain", labels={"istio.io/rev": "x", "helm.sh/chart": "c"}),
    )

    with pytest.raises(pods.NoSuchPods) as raised:
        pods.gateway(cluster, "istio-system", LABELS)

    assert str(raised.value).splitlines() == [
        "no pod in istio-system is labelled istio=ingressgateway",
        "last seen: 3 pods, gateways among them:",
        "  istio=edge,app=edge",
        "  istio.io/rev=x",
        "likely cause: the gateway has other labels, or is in another namespace",
        "Hint: --gateway-labels=istio=edge",
    ]


def test_a_namespace_without_gateways_leads_to_another_one(cluster):
    with pytest.raises(pods.NoSuchPods, match=r"none\n.*\nHint: .* --gateway-namespace=NAME"):
        pods.gateway(cluster, "istio-system", LABELS)


def test_pods_that_are_not_ready_are_told_with_what_they_wait_for(cluster, put):
    unscheduled = [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: cpu"}]
    statuses = waiting_for("istio-proxy", "ImagePullBackOff", "no such image")
    put(
        pod("pulls", ready=False, phase="Pending", containerStatuses=statuses),
        pod("starts", ready=False, containerStatuses=[{"name": "istio-proxy", "ready": False}]),
        pod("waits", phase="Pending", conditions=unscheduled),
    )

    with pytest.raises(pods.NoSuchPods) as raised:
        pods.gateway(cluster, "istio-system", LABELS)

    assert str(raised.value).splitlines() == [
        "no gateway pod labelled istio=ingressgateway is ready in istio-system",
        "last seen:",
        "  pulls: Pending, ImagePullBackOff: no such image",
        "  starts: Running, istio-proxy is not ready",
        "  waits: Pending, 0/1 nodes: cpu",
        "Hint: kubectl -n istio-system describe pod pulls",
    ]


def test_a_cluster_without_istiod_is_told_as_such(cluster, put):
    with pytest.raises(pods.NoSuchPods, match="there is no istiod in istio-system: no pod is"):
        pods.istiod(cluster, "istio-system")

    put(pod("istiod-1", labels=pods.ISTIOD, containers=("discovery",), ready=False))
    with pytest.raises(pods.NoSuchPods, match=r"no istiod is ready in istio-system\nlast seen:\n"):
        pods.istiod(cluster, "istio-system")

    put(pod("istiod-2", labels=pods.ISTIOD, containers=("discovery",)))
    assert [one.name for one in pods.istiod(cluster, "istio-system")] == ["istiod-2"]
