"""ROUTE_CONFIGURATION, VIRTUAL_HOST and HTTP_ROUTE patches, as tables."""

from typing import Any

import pytest

from tests.pilot.applying import HOST, ROUTE, applied, on_route, patch, told
from tests.pilot.building import (
    envoy_filter,
    gateway,
    named,
    pushed,
    service_entry,
    virtual_service,
)

OWN = "x.example:8080"


def on_host(operation: str, value: Any = None, **vhost: Any) -> dict[str, Any]:
    return patch("VIRTUAL_HOST", operation, value, routeConfiguration={"vhost": vhost})


def hosts(snapshot: Any) -> list[str]:
    return [one["name"] for one in snapshot.routes[0].get("virtual_hosts", ())]


def routes(snapshot: Any, host: int = 0) -> list[str]:
    return [one["name"] for one in snapshot.routes[0]["virtual_hosts"][host].get("routes", ())]


MATCHES: list[tuple[Any, ...]] = [
    ("nothing", {}, True),
    ("name", {"name": "http.8080"}, True),
    ("another name", {"name": "http.80"}, False),
    ("port", {"portNumber": 8080}, True),
    ("another port", {"portNumber": 80}, False),
    ("port name", {"portName": "http"}, False),
    ("gateway", {"gateway": "default/gw"}, False),
]


@pytest.mark.parametrize(("match", "matches"), **named(MATCHES))
def test_a_route_configuration_is_matched(match: dict[str, Any], matches: bool) -> None:
    value = {"request_headers_to_remove": ["x"]}
    found = applied(patch("ROUTE_CONFIGURATION", "MERGE", value, routeConfiguration=match))
    assert ("request_headers_to_remove" in found.routes[0]) is matches
    assert told(found)[0] is matches


@pytest.mark.parametrize("operation", ["ADD", "REMOVE", "REPLACE"])
def test_a_route_configuration_knows_merge_only(operation: str) -> None:
    found = applied(patch("ROUTE_CONFIGURATION", operation, {"name": "x"}))
    assert [one["name"] for one in found.routes] == ["http.8080"]
    assert told(found) == (
        False,
        f"Istio ignores {operation} on ROUTE_CONFIGURATION; write MERGE "
        "(route configuration http.8080)",
    )


def test_lists_are_replaced_where_that_is_asked_for() -> None:
    value = {"request_headers_to_remove": ["b"]}
    first = patch("ROUTE_CONFIGURATION", "MERGE", {"request_headers_to_remove": ["a"]})
    for operation, names in (("MERGE", ["a", "b"]), ("MERGE_AND_REPLACE_LIST", ["b"])):
        found = applied(first, patch("ROUTE_CONFIGURATION", operation, value))
        assert found.routes[0]["request_headers_to_remove"] == names


HOSTS: list[tuple[Any, ...]] = [
    ("ADD", on_host("ADD", HOST, name="ignored"), [OWN, "mine"]),
    ("INSERT_FIRST is ADD", on_host("INSERT_FIRST", HOST), [OWN, "mine"]),
    ("REMOVE", on_host("REMOVE"), []),
    ("REMOVE by name", on_host("REMOVE", name=OWN), []),
    ("REMOVE by domain", on_host("REMOVE", domainName="x.example"), []),
    ("REMOVE of another domain", on_host("REMOVE", domainName="y.example"), [OWN]),
    ("REMOVE of another", on_host("REMOVE", name="none"), [OWN]),
    ("MERGE", on_host("MERGE", {"name": "new"}), ["new"]),
    ("REPLACE", on_host("REPLACE", HOST, name=OWN), ["mine"]),
]


@pytest.mark.parametrize(("change", "names"), **named(HOSTS))
def test_virtual_host_patches(change: dict[str, Any], names: list[str]) -> None:
    found = applied(change)
    assert hosts(found) == names
    assert told(found)[0] is (names != [OWN])


def test_what_is_added_under_a_removed_name_goes_too() -> None:
    found = applied(on_host("REMOVE"), on_host("ADD", HOST | {"name": OWN}))
    assert hosts(found) == []
    assert not told(found, 1)[0]


@pytest.mark.parametrize(("release", "names"), [("1.13", [OWN]), ("1.14", ["mine"])])
def test_a_virtual_host_is_replaced_from_1_14(release: str, names: list[str]) -> None:
    assert hosts(applied(on_host("REPLACE", HOST), release=release)) == names


@pytest.mark.parametrize(("release", "removed"), [("1.25", True), ("1.26", False)])
def test_the_domain_of_a_match_is_read_from_1_26(release: str, removed: bool) -> None:
    found = applied(on_host("REMOVE", domainName="y.example"), release=release)
    assert (hosts(found) == []) is removed


ROUTES: list[tuple[Any, ...]] = [
    ("ADD", on_route("ADD", ROUTE, "none"), ["a", "b", "mine"]),
    ("INSERT_FIRST", on_route("INSERT_FIRST", ROUTE), ["mine", "a", "b"]),
    ("INSERT_FIRST b", on_route("INSERT_FIRST", ROUTE, "b"), ["mine", "a", "b"]),
    ("INSERT_FIRST none", on_route("INSERT_FIRST", ROUTE, "none"), ["a", "b"]),
    ("INSERT_BEFORE", on_route("INSERT_BEFORE", ROUTE), ["mine", "a", "b"]),
    ("INSERT_BEFORE b", on_route("INSERT_BEFORE", ROUTE, "b"), ["a", "mine", "b"]),
    ("INSERT_AFTER", on_route("INSERT_AFTER", ROUTE), ["a", "b", "mine"]),
    ("INSERT_AFTER a", on_route("INSERT_AFTER", ROUTE, "a"), ["a", "mine", "b"]),
    ("INSERT_AFTER none", on_route("INSERT_AFTER", ROUTE, "none"), ["a", "b"]),
    ("REMOVE a", on_route("REMOVE", None, "a"), ["b"]),
    ("REMOVE", on_route("REMOVE"), []),
    ("MERGE a", on_route("MERGE", {"name": "new"}, "a"), ["new", "b"]),
    ("REPLACE a", on_route("REPLACE", ROUTE, "a"), ["a", "b"]),
]


@pytest.mark.parametrize(("change", "names"), **named(ROUTES))
def test_route_patches(change: dict[str, Any], names: list[str]) -> None:
    found = applied(change)
    assert routes(found) == names
    assert told(found)[0] is (names != ["a", "b"])


def test_a_removed_route_is_no_place_to_insert_at() -> None:
    found = applied(on_route("REMOVE", None, "a"), on_route("INSERT_AFTER", ROUTE, "a"))
    assert routes(found) == ["b"]
    assert told(found, 1)[1] == (
        f"no route of virtual host {OWN} of route configuration http.8080 "
        "is the one the match names; it has: b"
    )


@pytest.mark.parametrize(
    ("action", "matches"), [("ANY", True), ("ROUTE", True), ("REDIRECT", False)]
)
def test_a_route_is_matched_by_its_action(action: str, matches: bool) -> None:
    match = {"vhost": {"route": {"action": action}}}
    found = applied(patch("HTTP_ROUTE", "REMOVE", routeConfiguration=match))
    assert (routes(found) == []) is matches


@pytest.mark.parametrize(("release", "both"), [("1.18", True), ("1.19", False)])
def test_a_merged_route_shows_in_other_hosts_until_1_18(release: str, both: bool) -> None:
    target = {"destination": {"host": "productpage", "port": {"number": 9080}}}
    shared = virtual_service([{"name": "a", "route": [target]}], hosts=["x.example", "y.example"])
    more = virtual_service([{"name": "b", "route": [target]}], "other", hosts=["y.example"])
    vhost = {"name": "x.example:8080", "route": {"name": "a"}}
    change = patch("HTTP_ROUTE", "MERGE", {"name": "new"}, routeConfiguration={"vhost": vhost})
    found = pushed(gateway(), service_entry(), shared, more, envoy_filter(change), release=release)
    names = {
        one["name"]: [route["name"] for route in one["routes"]]
        for one in found.routes[0]["virtual_hosts"]
    }
    assert names == {
        "x.example:8080": ["new"],
        "y.example:8080": ["b", "new" if both else "a"],
    }
