"""A gateway beside the run's, for checks after which another one would drain for seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bookinfo.app import Application
    from clusters.cluster import Cluster
    from clusters.local.cluster import LocalCluster
    from clusters.local.place import Place

FIXTURE = "second_cluster"
SECOND: pytest.StashKey[LocalCluster] = pytest.StashKey()


def of(item: pytest.Item) -> LocalCluster | None:
    """Return the second gateway if a test looks at it and it runs."""
    asked = FIXTURE in getattr(item, "fixturenames", ())
    return item.config.stash.get(SECOND, None) if asked else None


@pytest.fixture(scope="session")
def second_cluster(
    request: pytest.FixtureRequest,
    cluster_place: Place,
    bookinfo: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """A gateway beside the run's, where what is replaced ends at once; else the run's own."""
    from bookinfo.documents import documents

    folder = tmp_path_factory.mktemp("second-gateway")
    second = cluster_place.second(documents(bookinfo.port), folder)
    if second is None:
        yield request.getfixturevalue("cluster")
        return
    with second as running:
        yield request.config.stash.setdefault(SECOND, running)
        del request.config.stash[SECOND]
