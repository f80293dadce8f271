"""Consistent hashing: what a DestinationRule makes of the routes to its host."""

from typing import Any

import pytest

from tests.pilot.building import named, routed, service_entry, to
from tests.pilot.test_destination_rules import balanced, rule

HASHES: list[tuple[Any, ...]] = [
    ("header", {"httpHeaderName": "x"}, {"header": {"header_name": "x"}}),
    (
        "cookie",
        {"httpCookie": {"name": "c", "path": "/", "ttl": "1m"}},
        {"cookie": {"name": "c", "path": "/", "ttl": "60s"}},
    ),
    ("address", {"useSourceIp": True}, {"connection_properties": {"source_ip": True}}),
    ("query", {"httpQueryParameterName": "q"}, {"query_parameter": {"name": "q"}}),
]


@pytest.mark.parametrize(("settings", "expected"), **named(HASHES))
def test_a_route_hashes_what_the_rule_of_its_destination_says(settings: Any, expected: Any) -> None:
    policy = balanced(consistentHash=settings)
    found = routed(service_entry("a"), rule(policy, host="a"), route=[to()])["route"]
    assert found["hash_policy"] == [expected]


@pytest.mark.parametrize(
    ("release", "destinations", "moves_on"),
    [("1.22", 1, True), ("1.23", 1, False), ("1.31", 1, False), ("1.31", 2, True)],
)
def test_a_hashed_request_is_tried_again_where_it_was(
    release: str, destinations: int, moves_on: bool
) -> None:
    hashed = rule(balanced(consistentHash={"httpHeaderName": "x"}), host="a")
    found = routed(
        service_entry("a"), hashed, release=release, route=[to(weight=50)] * destinations
    )["route"]
    assert ("retry_host_predicate" in found["retry_policy"]) is moves_on


def test_a_route_that_names_the_port_hashes_as_the_port_says() -> None:
    at_port = {"port": {"number": 1}, **balanced(consistentHash={"httpHeaderName": "near"})}
    policy = balanced(consistentHash={"httpHeaderName": "far"}) | {"portLevelSettings": [at_port]}
    for destination, name in ((to(), "near"), ({"destination": {"host": "a"}}, "far")):
        found = routed(service_entry("a"), rule(policy, host="a"), route=[destination])
        assert found["route"]["hash_policy"] == [{"header": {"header_name": name}}]
