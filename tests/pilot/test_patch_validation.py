"""What Istio's webhook says of patches on listeners, routes and clusters."""

from typing import Any

import pytest

from clusters.pilot.documents import InvalidDocument
from tests.pilot.applying import HOST, applied, patch
from tests.pilot.building import HCM, named

ROUTES: dict[str, Any] = {"routeConfiguration": {}}
FILTER = {"filterChain": {"filter": {"name": HCM}}}
SUB = {"filterChain": {"filter": {"name": HCM, "subFilter": {"name": "x"}}}}

REFUSED: list[tuple[Any, ...]] = [
    *(
        (
            f"{one} of routes",
            patch(one, "REMOVE", **ROUTES),
            "applyTo for listener class objects cannot have non listener match",
        )
        for one in ("LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER")
    ),
    *(
        (
            f"{one} of a cluster",
            patch(one, "REMOVE", cluster={}),
            "applyTo for http route class objects cannot have non route configuration match",
        )
        for one in ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE")
    ),
    (
        "CLUSTER of a listener",
        patch("CLUSTER", "REMOVE", listener={}),
        "applyTo for cluster class objects cannot have non cluster match",
    ),
    (
        "subFilter of a network filter",
        patch("NETWORK_FILTER", "REMOVE", listener=SUB),
        "subfilter match can be used with applyTo HTTP_FILTER only",
    ),
    (
        "unknown enum",
        patch("CLUSTER", "ADD", {"type": "NEVER"}),
        r'unknown value "\"NEVER\"" for enum envoy.config.cluster.v3.Cluster.DiscoveryType',
    ),
]


@pytest.mark.parametrize(("change", "text"), **named(REFUSED))
def test_the_webhook_refuses(change: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidDocument) as refusal:
        applied(change)
    assert f"Envoy filter: {text}" in str(refusal.value)


@pytest.mark.parametrize(
    ("apply_to", "old", "new"), [("LISTENER_FILTER", "1.16", "1.17"), ("BOOTSTRAP", "1.10", "1.11")]
)
def test_an_apply_to_is_unknown_before_its_release(apply_to: str, old: str, new: str) -> None:
    change = patch(apply_to, "ADD", {"name": "x"} if apply_to == "LISTENER_FILTER" else {})
    applied(change, release=new)
    with pytest.raises(InvalidDocument, match=f'unknown value "{apply_to}" for enum'):
        applied(change, release=old)


WARNED: list[tuple[Any, ...]] = [
    (
        "filter match of a listener",
        patch("LISTENER", "REMOVE", listener=FILTER),
        "Envoy filter: filter match has no effect when used with LISTENER",
    ),
    (
        "unknown field",
        patch("VIRTUAL_HOST", "ADD", HOST | {"nope": 1}),
        'Envoy filter: unknown field "nope" in envoy.config.route.v3.VirtualHost',
    ),
    (
        "filter by name only",
        patch("NETWORK_FILTER", "ADD", {"name": "bare"}),
        "using deprecated types by name without typed_config; bare",
    ),
    (
        "socket by name only",
        patch("CLUSTER", "MERGE", {"transport_socket": {"name": "tls"}}),
        "using deprecated types by name without typed_config; tls",
    ),
]


@pytest.mark.parametrize(("change", "text"), **named(WARNED))
def test_the_webhook_warns(change: dict[str, Any], text: str) -> None:
    assert any(one.endswith(text) for one in applied(change).warnings)
