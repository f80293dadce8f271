"""Where the patches of EnvoyFilters put HTTP filters: seen by which acts first."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.filters import ROUTER, envoy_filter, http_filter, marker
from suites.istio.plugins import fresh, marks

pytestmark = pytest.mark.contract("headers")


def insert(name: str) -> dict[str, Any]:
    return http_filter("INSERT_BEFORE", marker(name), beside=ROUTER)


#: Patches of one EnvoyFilter by the name of their row in [[operations]].
OPERATIONS: dict[str, list[dict[str, Any]]] = {
    "insert before": [insert("a"), http_filter("INSERT_BEFORE", marker("b"), beside="a")],
    "insert after": [
        insert("a"),
        insert("c"),
        http_filter("INSERT_AFTER", marker("b"), beside="a"),
    ],
    "insert before everything": [insert("a"), http_filter("INSERT_BEFORE", marker("b"))],
    "insert first": [insert("a"), http_filter("INSERT_FIRST", marker("b"))],
    "insert beside nobody": [insert("a"), http_filter("INSERT_BEFORE", marker("b"), beside="x")],
    "insert beside a later one": [
        http_filter("INSERT_BEFORE", marker("b"), beside="a"),
        insert("a"),
    ],
    "replace": [insert("a"), insert("c"), http_filter("REPLACE", marker("b"), beside="a")],
    "replace nobody": [insert("a"), http_filter("REPLACE", marker("b"), beside="x")],
    "merge": [insert("a"), http_filter("MERGE", marker("a", "b"), beside="a")],
    "merge first": [http_filter("MERGE", marker("a", "b"), beside="a"), insert("a")],
    "remove": [insert("a"), http_filter("REMOVE", beside="a")],
    "remove first": [http_filter("REMOVE", beside="a"), insert("a")],
}
#: Patches after which Envoy takes nothing, because the router is not the last filter.
REFUSED: dict[str, list[dict[str, Any]]] = {
    "add": [http_filter("ADD", marker("a"))],
    "insert after nobody in particular": [http_filter("INSERT_AFTER", marker("a"))],
    "insert after the router": [http_filter("INSERT_AFTER", marker("a"), beside=ROUTER)],
}


@pytest.mark.requirement("IST-10")
@pytest.mark.parametrize("case", OPERATIONS)
def test_an_operation_puts_filters_where_the_release_says(cluster, gateway, expected, case):
    row = expected("operations", case=case)

    with cluster.delivered(envoy_filter(fresh("operation"), OPERATIONS[case])) as delivery:
        assert (delivery.fetch_failures, delivery.refusals) == ((), ())
        assert marks(gateway) == row["met"]
        assert [each.index for each in delivery.ineffective] == row["in-vain"]
    assert marks(gateway) == []


@pytest.mark.requirement("IST-11")
@pytest.mark.parametrize("case", REFUSED)
def test_a_filter_behind_the_router_is_refused_and_the_gateway_stays(cluster, gateway, case):
    with cluster.delivered(envoy_filter(fresh("behind"), REFUSED[case])) as delivery:
        assert delivery.refusals
        assert marks(gateway) == []
        assert gateway.send("GET", "/productpage").status == 200


@pytest.mark.requirement("IST-12")
def test_filters_come_by_priority_and_then_by_age(cluster, gateway, expected):
    priorities = {"ten": 10, "none": None, "minus five": -5, "none, later": None}
    documents = ""
    for name, priority in priorities.items():
        spec: dict[str, Any] = {} if priority is None else {"priority": priority}
        documents += envoy_filter(fresh("ordered"), [insert(name)], **spec)

    with cluster.delivered(documents) as delivery:
        assert delivery.ineffective == ()
        assert marks(gateway) == expected("ordered")["met"]


@pytest.mark.requirement("IST-12")
def test_the_older_filter_comes_first_whatever_its_name(cluster, gateway):
    older = envoy_filter(fresh("z"), [insert("older")])
    newer = envoy_filter(fresh("a"), [insert("newer")])

    with cluster.delivered(older), cluster.delivered(newer) as delivery:
        assert delivery.ineffective == ()
        assert marks(gateway) == ["older", "newer"]


@pytest.mark.requirement("IST-12")
def test_an_earlier_filter_cannot_stand_beside_a_later_ones(cluster, gateway):
    beside = [http_filter("INSERT_BEFORE", marker("b"), beside="a")]
    documents = envoy_filter(fresh("earlier"), beside) + envoy_filter(fresh("later"), [insert("a")])

    with cluster.delivered(documents) as delivery:
        assert len(delivery.ineffective) == 1
        assert marks(gateway) == ["a"]
