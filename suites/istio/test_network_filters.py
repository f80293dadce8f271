"""What patches of network filters do: seen by the notes that they take on new connections."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.connections import ask
from suites.istio.filters import MANAGER, envoy_filter, of_filter, patch
from suites.istio.parts import FILTERS, PATCHED, noted, noting
from suites.istio.plugins import fresh

pytestmark = pytest.mark.contract("headers")

VIA = {
    "name": MANAGER,
    "typed_config": {
        "@type": f"{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "via": "patched",
    },
}
#: The name of a filter that the match of a MERGE gives, by the row in [[network-merges]].
MERGED = {
    "its name": MANAGER,
    "another name": "envoy.http_manager",
    "a deprecated name": "envoy.http_connection_manager",
}


def network(operation: str, value: Any = None, *, beside: str = "") -> dict[str, Any]:
    match = {"context": "GATEWAY"} | (of_filter(beside) if beside else {})
    return patch("NETWORK_FILTER", operation, value, match=match)


ADDED = [network("INSERT_FIRST", noting("a"))]
OPERATIONS: dict[str, list[dict[str, Any]]] = {
    "insert first": [*ADDED, network("INSERT_FIRST", noting("b"))],
    "insert first, beside nobody": [
        *ADDED,
        network("INSERT_FIRST", noting("b"), beside="nobody"),
    ],
    "insert before everything": [*ADDED, network("INSERT_BEFORE", noting("b"))],
    "insert before": [*ADDED, network("INSERT_BEFORE", noting("b"), beside="a")],
    "insert before the manager": [*ADDED, network("INSERT_BEFORE", noting("b"), beside=MANAGER)],
    "insert after": [*ADDED, network("INSERT_AFTER", noting("b"), beside="a")],
    "insert beside nobody": [*ADDED, network("INSERT_BEFORE", noting("b"), beside="nobody")],
    "insert beside a later one": [network("INSERT_BEFORE", noting("b"), beside="a"), *ADDED],
    "replace": [*ADDED, network("REPLACE", noting("b"), beside="a")],
    "replace nobody": [*ADDED, network("REPLACE", noting("b"))],
    "merge": [*ADDED, network("MERGE", noting("a", "b"), beside="a")],
    "remove": [*ADDED, network("REMOVE", beside="a")],
    "remove nobody": [*ADDED, network("REMOVE", beside="nobody")],
}
REFUSED: dict[str, dict[str, Any]] = {
    "add": network("ADD", noting("a")),
    "insert after everything": network("INSERT_AFTER", noting("a")),
    "insert after the manager": network("INSERT_AFTER", noting("a"), beside=MANAGER),
}


@pytest.mark.requirement("IST-21")
@pytest.mark.parametrize("case", OPERATIONS)
def test_an_operation_puts_network_filters_where_the_release_says(cluster, gateway, expected, case):
    row = expected("network-filters", case=case)
    show = patch("ROUTE_CONFIGURATION", "MERGE", noted())

    with cluster.delivered(envoy_filter(fresh("network"), [show, *OPERATIONS[case]])) as delivery:
        assert delivery.refusals == ()
        assert [each.index - 1 for each in delivery.ineffective] == row["in-vain"]
        assert ask(gateway, show=[PATCHED]) == (200, *row["noted"])
    assert ask(gateway, show=[PATCHED]) == (200,)


@pytest.mark.requirement("IST-21")
@pytest.mark.parametrize("case", REFUSED)
def test_a_filter_behind_the_manager_is_refused_and_the_gateway_stays(cluster, gateway, case):
    with cluster.delivered(envoy_filter(fresh("behind"), [REFUSED[case]])) as delivery:
        assert delivery.refusals
        assert ask(gateway) == (200,)


@pytest.mark.requirement("IST-21")
def test_a_removed_manager_leaves_a_gateway_that_answers_nobody(cluster, gateway, expected):
    with cluster.delivered(envoy_filter(fresh("managerless"), [network("REMOVE", beside=MANAGER)])):
        assert ask(gateway) == (0,)
    assert ask(gateway) == (200,)


@pytest.mark.requirement("IST-21")
def test_a_removal_that_names_no_filter_is_what_the_release_makes_of_it(cluster, gateway, expected):
    row = expected("nameless-removal")

    with cluster.delivered(envoy_filter(fresh("nameless"), [network("REMOVE")])) as delivery:
        assert bool(delivery.ineffective) is row["in-vain"]
        assert ask(gateway) == (row["status"],)
    assert ask(gateway) == (200,)


@pytest.mark.requirement("IST-17")
@pytest.mark.parametrize("case", MERGED)
def test_a_network_filter_is_merged_by_its_name(cluster, gateway, expected, case):
    row = expected("network-merges", case=case)
    merge = patch("NETWORK_FILTER", "MERGE", VIA, match=of_filter(MERGED[case]))

    with cluster.delivered(envoy_filter(fresh("merged"), [merge])) as delivery:
        assert delivery.refusals == ()
        assert bool(delivery.ineffective) is row["in-vain"]
        assert ask(gateway, show=["via"]) == (200, *row["via"])
    assert ask(gateway, show=["via"]) == (200,)
