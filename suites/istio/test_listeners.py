"""What patches of listeners and their filter chains do: seen on new connections."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.connections import CLIENT, PROXY_HEADER, UNANSWERED, ask
from suites.istio.filters import envoy_filter, http_filter, marker, patch
from suites.istio.parts import PATCHED, TEAPOT, added, loopback, proxy_protocol, teapots
from suites.istio.plugins import MARK, fresh

pytestmark = pytest.mark.contract("headers")

#: Makes the header PATCHED say whom the gateway takes for its client.
CLIENTS_ADDRESS = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
WHO = patch("ROUTE_CONFIGURATION", "MERGE", added(PATCHED, CLIENTS_ADDRESS))
BEHIND_A_BALANCER = {"listenerFilters": [proxy_protocol("needed", needed=True)]}
#: A chain that Envoy prefers to one without a match, and one that is for nobody.
PREFERRED = {"filterChainMatch": {"transportProtocol": "raw_buffer"}, "filters": teapots()}
NOBODYS = {"filterChainMatch": {"serverNames": ["nobody.test"]}}


def chain(operation: str, value: Any = None, **match: Any) -> dict[str, Any]:
    return patch("FILTER_CHAIN", operation, value, match={"listener": {"filterChain": match}})


def of_listener(operation: str, value: Any = None, **match: Any) -> dict[str, Any]:
    return patch("LISTENER", operation, value, match={"context": "GATEWAY", "listener": match})


LISTENERS: dict[str, list[dict[str, Any]]] = {
    "merge": [of_listener("MERGE", BEHIND_A_BALANCER)],
    "merge, by name": [of_listener("MERGE", BEHIND_A_BALANCER, name="0.0.0.0_8080")],
    "merge, by port": [of_listener("MERGE", BEHIND_A_BALANCER, portNumber=8080)],
    "merge, another name": [of_listener("MERGE", BEHIND_A_BALANCER, name="0.0.0.0_80")],
    "merge, another port": [of_listener("MERGE", BEHIND_A_BALANCER, portNumber=80)],
    "replace": [of_listener("REPLACE", BEHIND_A_BALANCER)],
    "remove": [of_listener("REMOVE")],
    "remove, then merge": [of_listener("REMOVE"), of_listener("MERGE", BEHIND_A_BALANCER)],
}
CHAINS: dict[str, list[dict[str, Any]]] = {
    "merge": [chain("MERGE", NOBODYS)],
    "merge, another name": [chain("MERGE", NOBODYS, name="another")],
    "merge, another protocol": [chain("MERGE", NOBODYS, applicationProtocols="h2")],
    "merge, another transport": [chain("MERGE", NOBODYS, transportProtocol="tls")],
    "merge, another server": [chain("MERGE", NOBODYS, sni="nobody.test")],
    "add": [chain("ADD", PREFERRED)],
    "add without filters": [chain("ADD", NOBODYS)],
    "insert is add": [chain("INSERT_FIRST", PREFERRED)],
    "replace": [chain("REPLACE", PREFERRED)],
    "remove and add": [chain("REMOVE"), chain("ADD", {"filters": teapots()})],
    "merge and add": [chain("ADD", PREFERRED), chain("MERGE", NOBODYS)],
}


@pytest.mark.requirement("IST-18")
@pytest.mark.parametrize("case", LISTENERS)
def test_a_patch_of_a_listener_shows_on_new_connections(second_cluster, expected, case):
    gateway = second_cluster.gateway
    row = expected("listeners", case=case)
    patches = [WHO, *LISTENERS[case]]

    with second_cluster.delivered(envoy_filter(fresh("listener"), patches)) as delivery:
        assert delivery.refusals == ()
        assert [each.index - 1 for each in delivery.ineffective] == row["in-vain"]
        answer = ask(gateway, first=PROXY_HEADER, show=[PATCHED])
        assert answer == ((200, CLIENT) if row["balanced"] else (row["mistaken"],))
        assert ask(gateway) == (row["plain"],)
    assert ask(gateway) == (200,)


@pytest.mark.requirement("IST-18")
@pytest.mark.parametrize("context", ["GATEWAY", "ANY", "SIDECAR_OUTBOUND"])
def test_an_added_listener_answers_where_it_says(second_cluster, reached, context):
    gateway = second_cluster.gateway
    name = fresh("added")
    value = {"name": name, "address": loopback(), "filterChains": [{"filters": teapots()}]}
    document = envoy_filter(name, [patch("LISTENER", "ADD", value, match={"context": context})])

    with second_cluster.delivered(document) as delivery:
        assert delivery.refusals == ()
        assert bool(delivery.ineffective) is (context == "SIDECAR_OUTBOUND")
        there = None if delivery.ineffective else reached(name)
        if there:
            assert ask(there) == (TEAPOT,)
        assert ask(gateway) == (200,)
    if there:
        assert ask(there) == (UNANSWERED,)


@pytest.mark.requirement("IST-19")
@pytest.mark.parametrize("case", CHAINS)
def test_a_patch_of_a_filter_chain_shows_on_new_connections(second_cluster, expected, case):
    gateway = second_cluster.gateway
    row = expected("chains", case=case)

    with second_cluster.delivered(envoy_filter(fresh("chain"), CHAINS[case])) as delivery:
        assert delivery.refusals == ()
        assert [each.index for each in delivery.ineffective] == row["in-vain"]
        assert ask(gateway) == (row["status"],)
    assert ask(gateway) == (200,)


@pytest.mark.requirement("IST-19")
def test_a_listener_without_its_only_chain_is_refused_and_the_gateway_stays(second_cluster):
    gateway = second_cluster.gateway
    with second_cluster.delivered(envoy_filter(fresh("chainless"), [chain("REMOVE")])) as delivery:
        assert delivery.refusals
        assert ask(gateway) == (200,)


@pytest.mark.requirement("IST-19")
def test_an_added_chain_is_not_patched_itself(second_cluster):
    gateway = second_cluster.gateway
    patches = [chain("ADD", PREFERRED), http_filter("INSERT_FIRST", marker("here"))]

    with second_cluster.delivered(envoy_filter(fresh("unpatched"), patches)) as delivery:
        assert delivery.refusals == ()
        assert ask(gateway, show=[MARK]) == (TEAPOT,)
