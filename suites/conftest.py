"""What every suite starts from."""

from __future__ import annotations

import pytest

from suites.deployment import Cluster, Deployer, Publisher


@pytest.fixture(scope="session")
def deploy(cluster: Cluster, publisher: Publisher) -> Deployer:
    """A context manager that puts a filter in front of every route and proves it there."""
    return Deployer(cluster, publisher)
