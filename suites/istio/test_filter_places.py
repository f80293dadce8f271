"""What patches of route configurations, virtual hosts and routes do: seen in replies."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.connections import ask
from suites.istio.filters import envoy_filter, patch
from suites.istio.parts import PATCHED, added, teapot
from suites.istio.plugins import fresh

pytestmark = pytest.mark.contract("headers")

ECHO = "echo.test"
EVERY_HOST, ECHO_HOST = "*:8080", f"{ECHO}:8080"


def configuration(operation: str, value: Any = None, **match: Any) -> dict[str, Any]:
    return patch("ROUTE_CONFIGURATION", operation, value, match={"routeConfiguration": match})


def virtual_host(operation: str, value: Any = None, **match: Any) -> dict[str, Any]:
    return patch("VIRTUAL_HOST", operation, value, match={"routeConfiguration": {"vhost": match}})


def route(operation: str, value: Any = None, **match: Any) -> dict[str, Any]:
    vhost = {"vhost": {"route": match}} if match else {}
    return patch("HTTP_ROUTE", operation, value, match={"routeConfiguration": vhost})


def own(name: str, domain: str) -> dict[str, Any]:
    return {"name": name, "domains": [domain], "routes": [teapot()]}


MORE = {"domains": ["more.test"]}
#: By the name of the row in `places`.
PATCHES: dict[str, list[dict[str, Any]]] = {
    "merge configuration": [configuration("MERGE", added(PATCHED))],
    "merge configuration, another name": [
        configuration("MERGE", added(PATCHED), name="http.80"),
    ],
    "merge configuration, another gateway": [
        configuration("MERGE", added(PATCHED), gateway="default/bookinfo-gateway"),
    ],
    "add configuration": [configuration("ADD", {"name": "more"} | added(PATCHED))],
    "remove configuration": [configuration("REMOVE", name="http.8080")],
    "merge host": [virtual_host("MERGE", added(PATCHED))],
    "merge host, by name": [virtual_host("MERGE", added(PATCHED), name=ECHO_HOST)],
    "merge host, by domain": [virtual_host("MERGE", added(PATCHED), domainName=ECHO)],
    "merge host, more domains": [virtual_host("MERGE", MORE, name=ECHO_HOST)],
    "add host": [virtual_host("ADD", own("added", "more.test"))],
    "add host, then merge": [
        virtual_host("ADD", own("added", "more.test")),
        virtual_host("MERGE", added(PATCHED)),
    ],
    "replace host": [virtual_host("REPLACE", own(ECHO_HOST, ECHO), name=ECHO_HOST)],
    "remove host": [virtual_host("REMOVE", name=EVERY_HOST)],
    "remove every host": [virtual_host("REMOVE")],
    "merge route": [route("MERGE", added(PATCHED))],
    "merge route, another action": [route("MERGE", added(PATCHED), action="REDIRECT")],
    "add route": [route("ADD", teapot())],
    "insert route first": [route("INSERT_FIRST", teapot())],
    "insert route first, beside nobody": [route("INSERT_FIRST", teapot(), name="nobody")],
    "insert route before": [route("INSERT_BEFORE", teapot(), action="ROUTE")],
    "insert route before nobody": [route("INSERT_BEFORE", teapot(), name="nobody")],
    "insert route after": [route("INSERT_AFTER", teapot(), action="ROUTE")],
    "replace route": [route("REPLACE", teapot(), action="ROUTE")],
    "remove route": [route("REMOVE", action="ROUTE")],
}
#: Where is asked: the product page, a page behind a later route, one that no route serves, and
#: those of two more hosts; `echo.test` has one route, which serves every page.
PAGES = {
    "page": ("/productpage", "any.test"),
    "static": ("/static/style.css", "any.test"),
    "none": ("/nowhere", "any.test"),
    "echo": ("/nowhere", ECHO),
    "more": ("/nowhere", "more.test"),
}


def seen(gateway: Any) -> dict[str, list[Any]]:
    """Return what each page answers: its status and, where it came, the header PATCHED."""
    return {
        name: list(ask(gateway, path, host=host, show=[PATCHED]))
        for name, (path, host) in PAGES.items()
    }


@pytest.mark.requirement("IST-15")
@pytest.mark.parametrize("case", PATCHES)
def test_a_patch_shows_in_replies(cluster, gateway, expected, case):
    row, untouched = expected("places", case=case), expected("untouched")

    with cluster.delivered(envoy_filter(fresh("place"), PATCHES[case])) as delivery:
        assert delivery.refusals == ()
        assert [each.index for each in delivery.ineffective] == row["in-vain"]
        assert seen(gateway) == untouched | row["seen"]
    assert seen(gateway) == untouched


@pytest.mark.requirement("IST-22")
def test_lists_are_replaced_where_that_is_asked_for(cluster, gateway, expected):
    only = virtual_host("MERGE_AND_REPLACE_LIST", MORE | added(PATCHED), name=ECHO_HOST)

    with cluster.delivered(envoy_filter(fresh("replaced"), [only])) as delivery:
        assert (delivery.refusals, delivery.ineffective) == ((), ())
        asked = {name: seen(gateway)[name] for name in ("page", "echo", "more")}
        assert asked == {"page": [200], "echo": [404], "more": [200, "yes"]}
    assert seen(gateway) == expected("untouched")
