"""Several ServiceEntries of one host: whose ports and endpoints hold, and names of a service."""

from typing import Any

import pytest

from clusters.pilot.documents import Document
from tests.pilot.building import document, gateway, named, pushed, virtual_service

HOST = "database.default.svc.cluster.local"
FIRST, SECOND = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def entry(name: str, created: str, address: str, *ports: str, **rest: Any) -> Document:
    """An entry of the host; a port is written `number name`."""
    written = (one.split() for one in ports or ("80 http",))
    spec = {
        "hosts": [HOST],
        "location": "MESH_INTERNAL",
        "resolution": rest.pop("resolution", "STATIC"),
        "ports": [{"number": int(one), "name": two, "protocol": "HTTP"} for one, two in written],
        "endpoints": [{"address": address}],
        **rest.pop("spec", {}),
    }
    return document("ServiceEntry", name, spec, creationTimestamp=created, **rest)


def endpoints(*documents: Document) -> dict[str, list[str]]:
    """The addresses that each port of the host leads to, by the port's number."""
    return {
        one["cluster_name"].split("|")[1]: sorted(
            end["endpoint"]["address"]["socket_address"]["address"]
            for locality in one.get("endpoints", [])
            for end in locality["lb_endpoints"]
        )
        for one in pushed(gateway(), *documents).endpoints
    }


ELDER = entry("a", FIRST, "127.0.0.2")
JOINED: list[tuple[Any, ...]] = [
    ("the same ports", {}, {"80": ["127.0.0.2", "127.0.0.3"]}),
    ("other ports", {"ports": ("81 more",)}, {"80": ["127.0.0.2"], "81": ["127.0.0.3"]}),
    ("other labels", {"ports": ("81 more",), "labels": {"x": "1"}}, {"80": ["127.0.0.2"]}),
    (
        "exported elsewhere",
        {"ports": ("81 more",), "spec": {"exportTo": ["istio-system"]}},
        {"81": ["127.0.0.3"]},
    ),
    ("another namespace", {"namespace": "shop", "ports": ("81 more",)}, {"80": ["127.0.0.2"]}),
    ("unseen", {"spec": {"exportTo": ["."]}}, {"80": ["127.0.0.2", "127.0.0.3"]}),
]


@pytest.mark.parametrize(("later", "expected"), **named(JOINED))
def test_a_later_entry_of_a_host_adds_what_fits(later: Any, expected: Any) -> None:
    rest = dict(later)
    second = entry("b", SECOND, "127.0.0.3", *rest.pop("ports", ()), **rest)
    assert endpoints(second, ELDER) == expected


def test_the_eldest_entry_holds_whatever_the_names() -> None:
    elder = entry("z", FIRST, "127.0.0.2", "81 more", namespace="shop")
    assert endpoints(entry("a", SECOND, "127.0.0.3"), elder) == {"81": ["127.0.0.2"]}


def test_a_route_without_a_port_knows_the_entry_of_its_own_namespace() -> None:
    elder = entry("z", FIRST, "127.0.0.2", "81 more", "82 most", namespace="shop")
    route = virtual_service([{"route": [{"destination": {"host": HOST}}]}])
    found = pushed(gateway(), elder, entry("a", SECOND, "127.0.0.3"), route)
    (host,) = found.routes[0]["virtual_hosts"]
    assert host["routes"][0]["route"]["cluster"] == f"outbound|80||{HOST}"


def names(*documents: Document, **tls: Any) -> list[str]:
    rule = {"host": HOST, "trafficPolicy": {"tls": {"mode": "SIMPLE", **tls}}}
    found = pushed(gateway(), *documents, document("DestinationRule", "r", rule)).clusters[0]
    context = found["transport_socket"]["typed_config"]["common_tls_context"]
    validation = context["combined_validation_context"]["default_validation_context"]
    return [one["exact"] for one in validation.get("match_subject_alt_names", [])]


def test_a_certificate_must_have_one_of_the_names_of_the_service() -> None:
    ends = {"endpoints": [{"address": "127.0.0.2", "serviceAccount": "me"}]}
    first = entry("a", FIRST, "127.0.0.2", spec={"subjectAltNames": ["b.test"], **ends})
    second = entry("b", SECOND, "127.0.0.3", spec={"subjectAltNames": ["a.test", "b.test"]})
    own = ["a.test", "b.test", "spiffe://cluster.local/ns/default/sa/me"]
    assert names(first, second) == own
    assert names(first, second, subjectAltNames=["c.test"]) == ["c.test"]


def test_names_of_another_namespace_are_not_trusted() -> None:
    shop = entry("b", SECOND, "127.0.0.3", namespace="shop", spec={"subjectAltNames": ["evil"]})
    assert names(ELDER, shop) == []
