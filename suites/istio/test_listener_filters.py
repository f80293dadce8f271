"""What patches of listener filters do: seen by which of two takes what a load balancer says first.

Of `needed` and `spare` each takes one PROXY header. With one there, `needed` must come first: it
refuses a connection on which nothing is left for it. With two, both must be there: what nobody has
taken is no HTTP request.
"""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.connections import PROXY_HEADER, ask
from suites.istio.filters import envoy_filter, patch
from suites.istio.parts import proxy_protocol
from suites.istio.plugins import fresh

pytestmark = pytest.mark.contract("headers")

NEEDED, SPARE = (proxy_protocol(name, needed=name == "needed") for name in ("needed", "spare"))


def listener_filter(operation: str, value: Any = None, *, beside: str = "") -> dict[str, Any]:
    match: dict[str, Any] = {"context": "GATEWAY"}
    if beside:
        match["listener"] = {"listenerFilter": beside}
    return patch("LISTENER_FILTER", operation, value, match=match)


ADDED = [listener_filter("ADD", NEEDED)]
BOTH = [*ADDED, listener_filter("ADD", SPARE)]
OPERATIONS: dict[str, list[dict[str, Any]]] = {
    "add": ADDED,
    "add both": BOTH,
    "insert first": [*ADDED, listener_filter("INSERT_FIRST", SPARE)],
    "insert before": [*ADDED, listener_filter("INSERT_BEFORE", SPARE, beside="needed")],
    "insert after": [*ADDED, listener_filter("INSERT_AFTER", SPARE, beside="needed")],
    "insert before everything": [*ADDED, listener_filter("INSERT_BEFORE", SPARE)],
    "insert after everything": [*ADDED, listener_filter("INSERT_AFTER", SPARE)],
    "insert beside nobody": [*ADDED, listener_filter("INSERT_BEFORE", SPARE, beside="nobody")],
    "replace": [*ADDED, listener_filter("REPLACE", SPARE, beside="needed")],
    "replace nobody": [*ADDED, listener_filter("REPLACE", SPARE)],
    "remove": [*BOTH, listener_filter("REMOVE", beside="needed")],
    "remove nobody": [*ADDED, listener_filter("REMOVE")],
    "merge": [*ADDED, listener_filter("MERGE", SPARE, beside="needed")],
}


@pytest.mark.requirement("IST-20")
@pytest.mark.parametrize("case", OPERATIONS)
def test_an_operation_puts_listener_filters_where_the_release_says(second_cluster, expected, case):
    gateway = second_cluster.gateway
    row = expected("listener-filters", case=case)

    with second_cluster.delivered(envoy_filter(fresh("listening"), OPERATIONS[case])) as delivery:
        assert delivery.refusals == ()
        assert [each.index for each in delivery.ineffective] == row["in-vain"]
        answers = [ask(gateway, first=PROXY_HEADER * count)[0] for count in range(3)]
        assert answers == row["answers"]
    assert ask(gateway) == (200,)
