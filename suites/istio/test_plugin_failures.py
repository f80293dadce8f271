"""A plugin whose module cannot be had, or does not work: what its failStrategy makes of it."""

from __future__ import annotations

import json

import pytest

from suites.istio.plugins import fresh, plugin

pytestmark = pytest.mark.contract("headers")

STRATEGIES = ("FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD")
#: How often to look for a module that comes back; a look takes a millisecond or more.
LOOKS = 5000


@pytest.fixture(params=STRATEGIES)
def strategy(request, cluster, expected, plugins_exist):
    """Each strategy that the release has."""
    if request.param not in expected("strategies")["known"]:
        pytest.skip(f"Istio {cluster.release.name} has no failStrategy {request.param}")
    return request.param


@pytest.fixture
def one_worker(cluster):
    """Skip where later requests may meet another worker, which has machines of its own."""
    options = json.loads(cluster.proxy.read("/server_info"))["command_line_options"]
    if (workers := options["concurrency"]) > 1:
        pytest.skip(f"the proxy has {workers} workers, each with a machine of its own")


def failing(url, strategy):
    spec = {} if strategy == "FAIL_CLOSE" else {"failStrategy": strategy}
    return plugin(fresh("failing"), url, **spec)


@pytest.mark.requirement("IST-5")
def test_a_module_that_cannot_be_fetched(cluster, gateway, publisher, expected, strategy):
    url = publisher.serve_status("gone.wasm", 404)
    row = expected("unfetchable", strategy=strategy)

    with cluster.delivered(failing(url, strategy)) as delivery:
        assert delivery.fetch_failures
        assert bool(delivery.agent_nack) is row["held"]
        assert gateway.send("GET", "/productpage").status == row["status"]
    assert gateway.send("GET", "/productpage").status == 200


@pytest.mark.requirement("IST-6")
def test_a_module_that_traps(
    cluster, gateway, publisher, probe_module, expected, strategy, one_worker
):
    url = publisher.publish(probe_module("trap_when_asked"))
    row = expected("trapped", strategy=strategy)

    def status(*headers):
        return gateway.send("GET", "/productpage", headers=headers).status

    with cluster.delivered(failing(url, strategy)) as delivery:
        assert (delivery.fetch_failures, delivery.refusals) == ((), ())
        assert status() == 200
        assert status(("x-trap", "now")) == row["status"]
        assert status() == row["next"]
        if row["recovers"]:
            assert any(status() == 200 for _ in range(LOOKS)), "it never came back"
