"""What the checks of Istio's own semantics begin with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from suites.expectations import Expectations

EXPECTED = Expectations.read(
    *(Path(__file__).with_name(name) for name in ("expectations.toml", "places.toml"))
)


@pytest.fixture(scope="session")
def expected(cluster):
    """A function from a table of the TOML files here and keys to the row for this release."""
    return lambda table, **keys: EXPECTED(table, cluster.release.version, **keys)


@pytest.fixture(scope="session")
def plugins_exist(cluster, expected):
    """Skip where the release has no WasmPlugin."""
    if not expected("plugins")["exist"]:
        pytest.skip(f"Istio {cluster.release.name} has no WasmPlugin (it came with 1.12)")


@pytest.fixture(scope="session")
def marker(plugins_exist, publisher, other_filter):
    """The address of a filter that adds a header to every response."""
    return publisher.publish(other_filter("headers"))


@pytest.fixture(scope="session")
def reached(second_cluster):
    """A function from the name of a listener of the second gateway to something with its url.

    Skips where only the gateway's own port leads to the proxy.
    """
    gateway = second_cluster.gateway

    def reach(name):
        addresses = second_cluster.proxy.addresses()
        here = [f"http://{host}:{port}" for host, port in addresses.values()]
        if gateway.url not in here:
            pytest.skip(f"the proxy's listeners are not reached from here but by {gateway.url}")
        host, port = addresses[name]
        return SimpleNamespace(url=f"http://{host}:{port}")

    return reach
