"""What patches of everything but HTTP filters do: seen in replies."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.filters import MANAGER, added, envoy_filter, patch
from suites.istio.plugins import fresh

pytestmark = pytest.mark.contract("headers")

PATCHED = "x-patched"
TEAPOT = {
    "match": {"prefix": "/productpage"},
    "directResponse": {"status": 418, "body": {"inlineString": "short and stout"}},
}
LEADING = {"routeConfiguration": {"vhost": {"route": {"action": "ROUTE"}}}}
MANAGERS = {"context": "GATEWAY", "listener": {"filterChain": {"filter": {"name": MANAGER}}}}
VIA = {
    "name": MANAGER,
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager"
        ".v3.HttpConnectionManager",
        "via": "patched",
    },
}
CLUSTERS = {
    "context": "GATEWAY",
    "cluster": {"service": "productpage.default.svc.cluster.local"},
}
#: By the name of the row in [[places]]: what is patched.
PATCHES: dict[str, dict[str, Any]] = {
    "merge route configuration": patch("ROUTE_CONFIGURATION", "MERGE", added(PATCHED)),
    "merge virtual host": patch("VIRTUAL_HOST", "MERGE", added(PATCHED)),
    "remove virtual host": patch("VIRTUAL_HOST", "REMOVE"),
    "merge route": patch("HTTP_ROUTE", "MERGE", added(PATCHED)),
    "merge route of another action": patch(
        "HTTP_ROUTE",
        "MERGE",
        added(PATCHED),
        match={"routeConfiguration": {"vhost": {"route": {"action": "REDIRECT"}}}},
    ),
    "insert route first": patch("HTTP_ROUTE", "INSERT_FIRST", TEAPOT),
    "insert route before": patch("HTTP_ROUTE", "INSERT_BEFORE", TEAPOT, match=LEADING),
    "add route": patch("HTTP_ROUTE", "ADD", TEAPOT),
    "replace route": patch("HTTP_ROUTE", "REPLACE", TEAPOT, match=LEADING),
    "remove route": patch("HTTP_ROUTE", "REMOVE", match=LEADING),
    "remove cluster": patch("CLUSTER", "REMOVE", match=CLUSTERS),
    "merge network filter": patch("NETWORK_FILTER", "MERGE", VIA, match=MANAGERS),
    "merge network filter of another name": patch(
        "NETWORK_FILTER",
        "MERGE",
        VIA,
        match={"listener": {"filterChain": {"filter": {"name": "envoy.http_manager"}}}},
    ),
    "merge network filter of a deprecated name": patch(
        "NETWORK_FILTER",
        "MERGE",
        VIA,
        match={"listener": {"filterChain": {"filter": {"name": "envoy.http_connection_manager"}}}},
    ),
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.requirement(rule))
        for case in PATCHES
        for rule in [
            {"CLUSTER": "IST-16", "NETWORK_FILTER": "IST-17"}.get(
                PATCHES[case]["applyTo"], "IST-15"
            )
        ]
    ],
)
def test_a_patch_shows_in_replies(cluster, gateway, expected, case):
    row = expected("places", case=case)

    with cluster.delivered(envoy_filter(fresh("place"), [PATCHES[case]])) as delivery:
        assert delivery.refusals == ()
        assert bool(delivery.ineffective) is row["in-vain"]
        reply = gateway.send("GET", "/productpage")
        assert reply.status == row["status"]
        assert (reply.header(PATCHED) or reply.header("via")) == row.get("header")
    assert gateway.send("GET", "/productpage").status == 200
