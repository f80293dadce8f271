"""What the checks of Istio's own semantics begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.expectations import Expectations

EXPECTED = Expectations.read(Path(__file__).with_name("expectations.toml"))


@pytest.fixture(scope="session")
def expected(cluster):
    """A function from a table of expectations.toml and keys to the row for this release."""
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
