"""What patches of clusters do: seen by which cluster answers a request."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.connections import ask
from suites.istio.filters import envoy_filter, patch
from suites.istio.parts import PATCHED, added
from suites.istio.plugins import fresh

pytestmark = pytest.mark.contract("headers")

SERVICE = "productpage.default.svc.cluster.local"
NAME = f"outbound|9080||{SERVICE}"
#: Makes the header PATCHED say which cluster answered.
WHICH = patch("ROUTE_CONFIGURATION", "MERGE", added(PATCHED, "%UPSTREAM_CLUSTER%"))
RENAMED = {"altStatName": "patched"}


def of_cluster(operation: str, value: Any = None, **match: Any) -> dict[str, Any]:
    return patch(
        "CLUSTER",
        operation,
        value,
        match={"context": "GATEWAY", "cluster": match or {"name": NAME}},
    )


def another(name: str, **fields: Any) -> dict[str, Any]:
    """Return a cluster with the endpoints of the service."""
    ads = {"ads": {}, "resourceApiVersion": "V3"}
    eds = {"edsConfig": ads, "serviceName": NAME}
    return {"name": name, "type": "EDS", "connectTimeout": "5s", "edsClusterConfig": eds} | fields


#: Leads the product page to the added cluster.
LED = patch(
    "HTTP_ROUTE",
    "INSERT_FIRST",
    {"match": {"path": "/productpage"}, "route": {"cluster": "added"}},
)
PATCHES: dict[str, list[dict[str, Any]]] = {
    "add": [LED, of_cluster("ADD", another("added"))],
    "insert is add": [LED, of_cluster("INSERT_FIRST", another("added"))],
    "add, any context": [LED, patch("CLUSTER", "ADD", another("added"), match={"context": "ANY"})],
    "add, for sidecars": [
        LED,
        patch("CLUSTER", "ADD", another("added"), match={"context": "SIDECAR_OUTBOUND"}),
    ],
    "add, then merge": [
        LED,
        of_cluster("ADD", another("added")),
        of_cluster("MERGE", RENAMED, name="added"),
    ],
    "merge": [of_cluster("MERGE", RENAMED)],
    "merge, by service": [of_cluster("MERGE", RENAMED, service=SERVICE)],
    "merge, by port": [of_cluster("MERGE", RENAMED, portNumber=9080)],
    "merge, another port": [of_cluster("MERGE", RENAMED, portNumber=9081)],
    "merge, another subset": [of_cluster("MERGE", RENAMED, service=SERVICE, subset="v1")],
    "merge, the name decides": [of_cluster("MERGE", RENAMED, name=NAME, portNumber=9081)],
    "replace": [of_cluster("REPLACE", another(NAME, **RENAMED))],
    "remove": [of_cluster("REMOVE", service=SERVICE)],
    "remove, then add": [
        of_cluster("REMOVE"),
        of_cluster("ADD", another(NAME, **RENAMED)),
    ],
}


@pytest.mark.requirement("IST-16")
@pytest.mark.parametrize("case", PATCHES)
def test_a_patch_of_a_cluster_shows_in_who_answers(cluster, gateway, expected, case):
    row = expected("clusters", case=case)
    patches = [WHICH, *PATCHES[case]]

    with cluster.delivered(envoy_filter(fresh("cluster"), patches)) as delivery:
        assert delivery.refusals == ()
        assert [each.index - 1 for each in delivery.ineffective] == row["in-vain"]
        status, *who = ask(gateway, show=[PATCHED])
        assert status == row["status"]
        # Later releases end the name in a semicolon.
        assert [cluster.as_written(name.removesuffix(";")) for name in who] == row["who"]
    assert ask(gateway, show=[PATCHED]) == (200,)


@pytest.mark.requirement("IST-12")
def test_of_several_merges_the_last_by_priority_and_age_stands(cluster, gateway, expected):
    documents = ""
    for name, priority in {"ten": 10, "none": None, "minus five": -5, "none, later": None}.items():
        value = {"altStatName": name}
        spec: dict[str, Any] = {} if priority is None else {"priority": priority}
        documents += envoy_filter(fresh("merged"), [of_cluster("MERGE", value)], **spec)

    with cluster.delivered(documents + envoy_filter(fresh("shown"), [WHICH])) as delivery:
        assert delivery.ineffective == ()
        assert ask(gateway, show=[PATCHED]) == (200, expected("ordered")["met"][-1])
