"""Which clusters a run takes, which it leaves alone, and which it deletes.

Through a real Kubernetes client against a real API; kind is a program that keeps files.
"""

from contextlib import contextmanager

import pytest

from clusters import apply, release
from clusters.kind import claims, engine, finding, lifetime
from clusters.kind.errors import InUse, NotOurs
from clusters.kind.inside import Inside
from clusters.kind.mark import Mark
from clusters.kind.plan import Plan
from clusters.kind.recipe import Recipe
from clusters.kind.tools import Tool

OURS = Recipe("1.31.0", "node:1", "lab", "1.31.0", "standin", "python:1")
DESCRIBED = OURS.described({})
NAME = "iwc-1-31"


@pytest.fixture
def told():
    return []


@pytest.fixture
def found(kind, told):
    """A function that finds what a plan may use."""

    @contextmanager
    def find(*, name=None, keep=False, described=DESCRIBED, docker=None):
        tool = Tool(kind.path, "0.33.0", "PATH")
        plan = Plan(release.find("1.31"), tool, tool, OURS, name, keep)
        there = lifetime.names(kind.path, kind.folder)
        with finding.found(plan, there, described, docker, told.append) as found:
            yield found

    return find


@pytest.fixture
def marked(kind):
    """A function that puts a mark into the cluster, as making one does."""

    def mark(*, ready=True, described=DESCRIBED):
        with claims.claimed("any") as claim:
            lifetime.export(kind.path, claim)
            inside = Inside(claim.kubeconfig, "kind-any")
            inside.write_mark(Mark(dict(described), 4711, 4712, ready=ready))
            inside.close()

    return mark


def test_where_there_is_no_cluster_none_is_found(found):
    with found() as nothing:
        assert nothing is None


def test_a_kept_cluster_made_from_the_same_is_found_and_held(kind, found, marked):
    kind.has(NAME)
    marked()

    with found() as there:
        assert there.mark == Mark(DESCRIBED, 4711, 4712, ready=True)
        with pytest.raises(InUse):
            claims.claimed(NAME).__enter__()
    with claims.claimed(NAME) as claim:
        assert claim.kept


@pytest.mark.parametrize("how", [{"name": NAME}, {"keep": True}], ids=["named", "to keep"])
def test_a_cluster_of_somebody_else_is_refused_and_left_alone(kind, found, how):
    kind.has(NAME)

    with pytest.raises(NotOurs, match="did not make it; it was left alone"):
        found(**how).__enter__()

    assert kind.there == [NAME]
    assert not claims.root().joinpath(NAME).exists()


def test_where_any_cluster_will_do_somebody_elses_is_passed_by(kind, found, told):
    kind.has(NAME)

    with found() as nothing:
        assert nothing is None
    assert kind.there == [NAME]
    assert "a new one is made" in told[0]


def test_a_cluster_made_from_something_else_is_refused_with_the_difference(kind, found, marked):
    kind.has(NAME)
    marked(described=DESCRIBED | {"node image": "node:2"})

    with pytest.raises(NotOurs) as refusal:
        found(keep=True).__enter__()

    assert "node image: node:2 is there, node:1 is asked for" in str(refusal.value)
    assert f"Hint: python -m clusters kind down --cluster-name={NAME}" in str(refusal.value)
    assert kind.there == [NAME]


def test_a_cluster_that_another_run_works_with_is_refused_where_it_was_named(kind, found, marked):
    kind.has(NAME)
    marked()

    with claims.claimed(NAME), pytest.raises(InUse):
        found(name=NAME).__enter__()


def test_a_cluster_of_ours_that_was_never_finished_is_deleted(kind, found, marked, told):
    kind.has(NAME)
    marked(ready=False)

    with found(keep=True) as nothing:
        assert nothing is None
    assert kind.there == []
    assert "never finished" in told[0]


def test_a_cluster_that_does_not_answer_is_told_and_not_deleted(kind, found):
    kind.has(NAME)
    kind.leads_to("http://127.0.0.1:1")

    with pytest.raises(NotOurs, match="cannot be asked what it is"):
        found(keep=True).__enter__()

    assert kind.there == [NAME]


def test_a_kept_cluster_whose_node_was_stopped_is_told_and_not_deleted(kind, found):
    kind.has(NAME)
    with claims.claimed(NAME) as claim:
        claim.record(kept=True, whole=True)
    (kind.folder / "kubeconfig").unlink()  # which kind reads from the node

    with pytest.raises(NotOurs, match=f"Hint: docker start {NAME}-control-plane"):
        found(keep=True).__enter__()

    assert kind.there == [NAME]


def test_a_cluster_of_ours_whose_making_was_broken_off_is_deleted(kind, found, docker):
    kind.has(NAME, ports=(4711, 4712))
    with claims.claimed(NAME) as claim:
        claim.record(kept=True, ports=(4711, 4712))
    (kind.folder / "kubeconfig").unlink()

    with engine.connected() as there, found(keep=True, docker=there) as nothing:
        assert nothing is None
    assert kind.there == []


def test_what_a_killed_run_left_in_a_kept_cluster_is_removed(kind, found, marked, served, told):
    kind.has(NAME)
    marked()
    kubeconfig = served.kubeconfig(kind.folder / "mine")
    runs = {name: apply.connect(kubeconfig, run=name) for name in ("killed", "kind")}
    for name, kube in runs.items():
        kube.apply(
            {
                "apiVersion": "networking.istio.io/v1alpha3",
                "kind": "EnvoyFilter",
                "metadata": {"name": name, "namespace": "istio-system"},
                "spec": {"configPatches": []},
            }
        )

    with found():
        left = runs["killed"].ours([("networking.istio.io/v1alpha3", "EnvoyFilter")])
        kept = runs["kind"].ours([("networking.istio.io/v1alpha3", "EnvoyFilter")])

    for kube in runs.values():
        kube.close()
    assert (len(left), len(kept)) == (0, 1)
    assert "1 objects of the killed run killed are removed" in told[0]


def test_clusters_of_killed_runs_are_deleted_and_kept_ones_are_not(kind, docker, told):
    kind.has("killed", "kept", ports=(4711, 4712))
    kind.has("foreign")
    for name, kept in (("killed", False), ("kept", True), ("gone", False)):
        with claims.claimed(name) as claim:
            claim.record(kept=kept, ports=(4711, 4712))

    with engine.connected() as there:
        left = finding.sweep(kind.path, kind.there, there, told.append)

    assert (left, kind.there) == (["foreign", "kept"], ["foreign", "kept"])
    assert claims.names() == ["kept"]


def test_a_cluster_in_use_is_not_swept(kind, told):
    kind.has("mine")
    with claims.claimed("mine") as claim:
        claim.record(kept=False)

        assert finding.sweep(kind.path, kind.there, None, told.append) == ["mine"]
    assert kind.there == ["mine"]


def test_remarks_of_kind_are_no_clusters(kind):
    kind.has("one")

    assert lifetime.names(kind.path, kind.folder) == ["one"]
