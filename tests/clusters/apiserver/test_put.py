"""Objects put straight into the store: as they are, for those who want to see what istiod does."""

import pytest

from tests.clusters.apiserver.conftest import envoy_filter

BORN = "2026-01-01T00:00:00Z"


def born(**spec):
    document = envoy_filter(**spec)
    return document | {"metadata": document["metadata"] | {"creationTimestamp": BORN}}


def test_an_object_that_is_put_keeps_its_time_and_is_served(api, envoy_filters):
    stored = api.put(born(priority=1))
    assert stored["metadata"]["creationTimestamp"] == BORN
    assert envoy_filters.get(name="a", namespace="istio-system").to_dict() == stored


def test_nobody_admits_what_is_put(api):
    assert api.put(born(configPatches=[{}]))["spec"] == {"configPatches": [{}]}


def test_what_is_put_again_has_a_new_version(api):
    versions = [api.put(born(priority=1))["metadata"]["resourceVersion"] for _ in range(2)]
    assert versions[0] != versions[1]


def test_an_object_that_is_dropped_is_gone(api, envoy_filters):
    from kubernetes.dynamic.exceptions import NotFoundError

    document = born(priority=1)
    api.put(document)
    api.drop(document)
    with pytest.raises(NotFoundError):
        envoy_filters.get(name="a", namespace="istio-system")
