"""CLUSTER patches, as tables."""

from typing import Any

import pytest

from tests.pilot.applying import applied, patch, told
from tests.pilot.building import named

OWN = "outbound|9080||productpage.default.svc.cluster.local"
HOLE = "BlackHoleCluster"
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
RAW = "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"


def on_cluster(operation: str, value: Any = None, **match: Any) -> dict[str, Any]:
    return patch("CLUSTER", operation, value, cluster=match)


def socket(kind: str = TLS, name: str = "tls", **fields: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": kind, **fields}}


CLUSTERS: list[tuple[Any, ...]] = [
    ("ADD", on_cluster("ADD", {"name": "mine"}, name="ignored"), [OWN, HOLE, "mine"]),
    ("ADD the black hole", on_cluster("ADD", {"name": HOLE}), [OWN, HOLE]),
    ("REMOVE all", on_cluster("REMOVE"), []),
    ("REMOVE by name", on_cluster("REMOVE", name=OWN), [HOLE]),
    ("a name decides alone", on_cluster("REMOVE", name=OWN, portNumber=1), [HOLE]),
    ("by port", on_cluster("REMOVE", portNumber=9080), [HOLE]),
    (
        "by service",
        on_cluster("REMOVE", service="productpage.default.svc.cluster.local"),
        [HOLE],
    ),
    ("by subset", on_cluster("REMOVE", subset="v1"), [OWN, HOLE]),
    ("REPLACE", on_cluster("REPLACE", {"name": "x"}), [OWN, HOLE]),
    ("MERGE", on_cluster("MERGE", {"name": "x"}, name=OWN), ["x", HOLE]),
]


@pytest.mark.parametrize(("change", "names"), **named(CLUSTERS))
def test_cluster_patches(change: dict[str, Any], names: list[str]) -> None:
    assert [one["name"] for one in applied(change).clusters] == names


@pytest.mark.parametrize(("release", "count"), [("1.24", 1), ("1.31", 2)])
def test_an_added_cluster_of_a_services_name_is_sent_besides_it(release: str, count: int) -> None:
    found = applied(*[on_cluster("ADD", {"name": OWN})] * 2, release=release)
    assert [one["name"] for one in found.clusters].count(OWN) == count


def test_a_duration_is_replaced_whole() -> None:
    found = applied(on_cluster("MERGE", {"connect_timeout": "3s"}, name=OWN))
    assert found.clusters[0]["connect_timeout"] == "3s"


def test_a_transport_socket_is_all_that_is_merged() -> None:
    first = on_cluster("MERGE", {"transport_socket": socket(), "alt_stat_name": "lost"}, name=OWN)
    second = on_cluster("MERGE", {"transport_socket": socket(sni="x")}, name=OWN)
    [own, _] = applied(first, second).clusters
    assert own["transport_socket"] == socket(sni="x")
    assert own["alt_stat_name"] != "lost"


def test_a_panic_leaves_one_cluster_as_it_was_then() -> None:
    first = on_cluster("MERGE", {"transport_socket": socket()})
    panics = on_cluster("MERGE", {"transport_socket": socket(RAW)}, name=OWN)
    last = on_cluster("MERGE", {"connect_timeout": "7s"})
    found = applied(first, panics, last)
    assert [one["transport_socket"] for one in found.clusters] == [socket(), socket()]
    assert [one.get("connect_timeout") == "7s" for one in found.clusters] == [False, True]
    assert f"istiod gave up patching cluster {OWN}" in told(found, 1)[1]
