"""Gateways under real istiod, where its binaries are."""

import pytest

from bookinfo.documents import documents
from clusters import release
from clusters.local import envoy, istiod_cluster
from clusters.local.binaries import BinariesMissing, find


@pytest.fixture(scope="module")
def binaries_of(pytestconfig):
    """A function from a release to its binaries; without them the test is skipped, or fails."""

    def get(name):
        try:
            return find(release.find(name))
        except BinariesMissing as error:
            if pytestconfig.getoption("strict_toolchains"):
                pytest.fail(str(error))
            pytest.skip(str(error))

    return get


@pytest.fixture(scope="module")
def start(bookinfo, binaries_of, tmp_path_factory):
    """A context manager from a release to a gateway under its istiod."""
    base = documents(bookinfo.port)

    def begin(name):
        binaries = binaries_of(name)
        proxy = binaries.envoy or envoy.find(None).path
        folder = tmp_path_factory.mktemp("istiod")
        return istiod_cluster.running(release.find(name), binaries, proxy, base, folder, [])

    return begin


@pytest.fixture(scope="module")
def url(publisher, other_filter):
    return publisher.publish(other_filter("headers"))
