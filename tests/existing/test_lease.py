"""A run's sign of life: exact on its own machine, watched from another one, and no clock counts."""

import threading

import pytest

from clusters import apply, waiting
from clusters.existing import identity, lease
from clusters.ownership import GATEWAY_ANNOTATION, PROCESS_ANNOTATION, RUN_LABEL

PATH = f"{lease.path('default')}/{lease.name('r1')}"


def stored(cluster):
    return cluster.get(PATH)


def elsewhere(cluster):
    """Return the stored Lease as one that another machine's process keeps."""
    there = {"metadata": {"annotations": {PROCESS_ANNOTATION: "another-boot.1/4711/1"}}}
    return cluster.change(PATH, there)


@pytest.fixture
def renewing(monkeypatch):
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)


def test_a_run_keeps_a_lease_with_its_label_and_its_process(cluster):
    with lease.kept(cluster, "default", "r1", gateway="ns/a=b"):
        found = stored(cluster)

    assert found["metadata"]["labels"] == {RUN_LABEL: "r1"}
    assert found["metadata"]["annotations"] == {
        PROCESS_ANNOTATION: identity.process(),
        GATEWAY_ANNOTATION: "ns/a=b",
    }
    assert identity.words() in found["spec"]["holderIdentity"]


def test_it_is_renewed_until_the_run_ends_and_then_no_thread_is_left(cluster, renewing):
    with lease.kept(cluster, "default", "r1", gateway="ns/a=b"):
        first = stored(cluster)["metadata"]["resourceVersion"]
        assert lease.alive(cluster, elsewhere(cluster), within=5)
        assert stored(cluster)["metadata"]["resourceVersion"] != first
    last = stored(cluster)["metadata"]["resourceVersion"]

    assert not [one for one in threading.enumerate() if one.name == "lease"]
    assert stored(cluster)["metadata"]["resourceVersion"] == last


def test_a_run_on_this_machine_is_alive_at_once_and_dead_at_once(cluster):
    with lease.kept(cluster, "default", "r1", gateway="ns/a=b"):
        found = stored(cluster)
    # This process lives, whatever became of the Lease; nothing is watched.
    assert lease.alive(cluster, found, within=0) == found["spec"]["holderIdentity"]

    told, _, started = identity.process().rpartition("/")
    found["metadata"]["annotations"][PROCESS_ANNOTATION] = f"{told}/{int(started) - 1}"
    assert lease.alive(cluster, found, within=60) == ""


def test_a_run_elsewhere_that_does_not_renew_is_dead(cluster):
    with lease.kept(cluster, "default", "r1", gateway="ns/a=b"):
        pass

    assert lease.alive(cluster, elsewhere(cluster), within=0.6) == ""


def test_a_run_elsewhere_that_ends_by_itself_meanwhile_is_dead(cluster):
    with lease.kept(cluster, "default", "r1", gateway="ns/a=b"):
        pass
    found = elsewhere(cluster)
    cluster.delete(PATH, uid=found["metadata"]["uid"])

    assert lease.alive(cluster, found, within=5) == ""


def test_a_renewal_that_fails_is_left_to_the_next_one(cluster, renewing, served):
    with lease.kept(cluster, "default", "r1", gateway="ns/a=b"):
        gone = stored(cluster)
        cluster.delete(PATH, uid=gone["metadata"]["uid"])
        waiting.pause(3 * lease.RENEW_SECONDS)  # time itself is what a renewal needs to fail
        fresh = gone | {
            "metadata": {key: gone["metadata"][key] for key in ("name", "namespace", "labels")}
        }
        cluster.create(lease.path("default"), fresh)

        assert lease.alive(cluster, elsewhere(cluster), within=5)


def test_a_first_lease_that_is_refused_is_an_error(cluster):
    with (
        lease.kept(cluster, "default", "r1", gateway="ns/a=b"),
        pytest.raises(apply.Refused, match="already exists"),
        lease.kept(cluster, "default", "r1", gateway="ns/a=b"),
    ):
        pass
