"""The proxy as istiod sees it, and the words for one it refuses."""

from typing import Any

import pytest

from clusters.pilot.node import InvalidNode, ingress_gateway, read

ID = "router~10.0.0.1~pod.edge~edge.svc.cluster.local"


def test_a_node_is_read_from_what_the_proxy_sends() -> None:
    made = ingress_gateway("1.9.9")
    assert read(made.id, made.metadata) == made
    assert made.id == (
        "router~127.0.0.1~istio-ingressgateway.istio-system~istio-system.svc.cluster.local"
    )
    assert (made.namespace, made.version) == ("istio-system", "1.9.9")
    assert made.labels == {"app": "istio-ingressgateway", "istio": "ingressgateway"}


@pytest.mark.parametrize(
    ("metadata", "namespace", "ip"),
    [
        ({}, "edge", "10.0.0.1"),
        ({"NAMESPACE": "other"}, "other", "10.0.0.1"),
        ({"INSTANCE_IPS": "10.0.0.2,10.0.0.3"}, "edge", "10.0.0.2"),
        ({"INSTANCE_IPS": "?,fe80::1"}, "edge", "fe80::1"),
    ],
)
def test_metadata_goes_before_the_id(metadata: dict[str, Any], namespace: str, ip: str) -> None:
    made = read(ID, metadata)
    assert (made.namespace, made.ip) == (namespace, ip)


@pytest.mark.parametrize(
    ("node_id", "words"),
    [
        ("", "missing node information"),
        ("router~1.2.3.4~pod", 'missing parts in the service node "router~1.2.3.4~pod"'),
        (ID.replace("router", "proxy"), "invalid node type (valid types: sidecar, router, "),
        (ID.replace("10.0.0.1", "here"), "no valid IP address in the service node id or metadata"),
    ],
)
def test_a_node_is_refused_in_istiods_words(node_id: str, words: str) -> None:
    with pytest.raises(InvalidNode) as error:
        read(node_id, {})
    assert str(error.value).startswith(words)


@pytest.mark.parametrize(("sent", "version"), [("1.9.9", "1.9.9"), (1.9, ""), (None, "")])
def test_only_a_version_that_is_text_counts(sent: Any, version: str) -> None:
    assert read(ID, {"ISTIO_VERSION": sent}).version == version
