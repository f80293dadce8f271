"""What every suite starts from."""

from __future__ import annotations

import pytest

from suites.deployment import Cluster, Deployer, Publisher


@pytest.fixture(scope="session")
def deploy(cluster: Cluster, publisher: Publisher) -> Deployer:
    """Put a filter in front of every route: `with deploy(wasm_filter, {...}, proof=...):`."""
    return Deployer(cluster, publisher)
