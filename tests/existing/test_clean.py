"""`clean` removes what is a dead run's and of this project's making; everything else stays."""

import socket
import sys

import pytest

from clusters import __main__
from clusters.existing import identity, lease
from clusters.kind import claims
from clusters.ownership import FIELD_MANAGER, PROCESS_ANNOTATION, RUN_LABEL

#: Process 1 runs, but has not begun at that time.
DEAD = f"{identity.world()}/1/-2"
CONTEXT = "istio-wasm-conformance"
FILTERS = "/apis/networking.istio.io/v1alpha3/namespaces/istio-system/envoyfilters"


def envoy_filter(name, **labels):
    metadata = {"name": name, "namespace": "istio-system", "labels": labels}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": metadata,
        "spec": {},
    }


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@pytest.fixture
def leave(run, cluster):
    """A function that leaves what a killed run would leave: namespace, Lease, EnvoyFilter."""

    def left(id, *, process=DEAD, filters=("a",)):
        kube = run(id)
        kube.apply(namespace(f"ns-{id}"))
        for name in filters:
            kube.apply(envoy_filter(f"{name}-{id}"))
        if process is not None:
            with lease.kept(cluster, f"ns-{id}", id, gateway="ns/a=b"):
                pass
            there = {"metadata": {"annotations": {PROCESS_ANNOTATION: process}}}
            cluster.change(f"{lease.path(f'ns-{id}')}/{lease.name(id)}", there)

    return left


@pytest.fixture
def clean(kubeconfig, capsys):
    def cleaned(*arguments):
        code = __main__.main(
            ["clean", f"--kubeconfig={kubeconfig}", f"--kube-context={CONTEXT}", *arguments]
        )
        told = capsys.readouterr()
        return code, told.out + told.err

    return cleaned


@pytest.fixture
def names(cluster):
    def found():
        return {one["metadata"]["name"] for one in cluster.items(FILTERS)} | {
            one["metadata"]["name"]
            for one in cluster.items("/api/v1/namespaces", labelSelector=RUN_LABEL)
        }

    return found


def test_what_a_dead_run_left_is_removed_and_told(leave, clean, names):
    leave("r1")

    assert clean() == (
        0,
        "run r1 is over; removed:\n  Namespace ns-r1\n  EnvoyFilter istio-system/a-r1\n",
    )
    assert names() == set()


def test_a_dry_run_tells_the_same_and_removes_nothing(leave, clean, names):
    leave("r1")
    before = names()

    assert clean("--dry-run")[1].startswith("run r1 is over; would be removed:\n  Namespace ns-r1")
    assert names() == before == {"ns-r1", "a-r1"}


def test_what_nobody_labelled_stays(leave, clean, names, run, served):
    leave("r1")
    served.put(envoy_filter("theirs"))
    served.put(envoy_filter("theirs-too", owner="r1"))

    clean()

    assert names() == {"theirs", "theirs-too"}


def test_a_live_run_is_left_alone_even_by_name(leave, clean, names):
    leave("r1", process=identity.process())

    assert clean()[1].startswith(f"run r1 is alive, and was left alone: {FIELD_MANAGER}, pid ")
    code, told = clean("--run=r1")
    assert code == 1
    assert told.startswith("run r1 is alive")
    assert names() == {"ns-r1", "a-r1"}


def test_a_live_run_does_not_protect_a_dead_one(leave, clean, names):
    leave("r1", process=identity.process())
    leave("r2")

    clean()

    assert names() == {"ns-r1", "a-r1"}


def test_a_run_without_a_lease_goes_only_by_name(leave, clean, names):
    leave("r1", process=None)

    told = clean()[1]
    assert told.startswith("run r1 was left alone: it has no Lease")
    assert "\n  EnvoyFilter istio-system/a-r1\n  Hint: --run=r1\n" in told
    assert names() == {"ns-r1", "a-r1"}
    clean("--run=r1")
    assert names() == set()


def test_one_run_by_name_leaves_the_others(leave, clean, names):
    leave("r1")
    leave("r2")

    clean("--run=r2")

    assert names() == {"ns-r1", "a-r1"}


def test_a_run_that_left_nothing_is_told_with_those_that_did(leave, clean):
    leave("r1")

    code, told = clean("--run=r9")
    assert code == 1
    assert told.startswith("run r9 left nothing at http")
    assert told.endswith("runs that did: r1\n")


def test_a_labelled_object_of_another_maker_stays_and_is_told(leave, clean, names, served):
    leave("r1")
    served.put(envoy_filter("copied", **{RUN_LABEL: "r1"}))

    assert (
        "run r1: labelled so, but not made by this project, and left alone:\n"
        "  EnvoyFilter istio-system/copied\n"
    ) in clean()[1]
    assert names() == {"copied"}


def test_a_namespace_of_another_maker_stays_whatever_its_label_says(clean, names, served):
    mine = namespace("theirs")
    mine["metadata"]["labels"] = {RUN_LABEL: "r1"}
    served.put(mine)

    clean("--run=r1")

    assert names() == {"theirs"}


def test_a_lease_of_another_run_in_a_namespace_is_no_sign_of_life(leave, clean, names, cluster):
    leave("r1", process=None)
    with lease.kept(cluster, "ns-r1", "r2", gateway="ns/a=b"):
        assert clean()[1].startswith("run r1 was left alone: it has no Lease")


def test_a_cluster_without_leftovers_is_told_as_such(clean):
    code, told = clean()
    assert code == 0
    assert told.endswith("carries the label of a run\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--kube-context=lap"], "there is no context 'lap'"),
        (["--kubeconfig=/nowhere"], "the kubeconfig file /nowhere cannot be read"),
    ],
)
def test_what_cannot_be_cleaned_is_told_in_one_message(clean, arguments, told):
    code, text = clean(*arguments)
    assert code == 1
    assert text.startswith(told)
    assert "Traceback" not in text


def test_a_cluster_that_does_not_answer_is_told_with_its_address(clean, kubeconfig, served):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    kubeconfig.write_text(kubeconfig.read_text().replace(served.url, address))

    code, text = clean()
    assert code == 1
    assert text.startswith(f"the Kubernetes API at {address} did not answer")


def test_without_a_context_only_this_machine_is_looked_at(capsys):
    assert __main__.main(["clean"]) == 0
    assert capsys.readouterr().out == (
        "no killed run left anything that is known on this machine\n"
        "Hint: --kube-context=NAME looks into a cluster\n"
    )


def test_of_clusters_on_this_machine_those_of_killed_runs_are_named(capsys):
    pytest.importorskip("filelock")
    for name, kept in (("killed", False), ("kept", True), ("in-use", False)):
        with claims.claimed(name) as claim:
            claim.record(kept=kept)
    with claims.claimed("in-use"):
        __main__.main(["clean", "--dry-run"])

    assert capsys.readouterr().out == "the kind cluster killed of a killed run would be deleted\n"
    assert claims.names() == ["in-use", "kept", "killed"]


def test_where_they_cannot_be_deleted_that_is_told_and_the_cluster_is_cleaned_all_the_same(
    leave, clean, names, monkeypatch
):
    for name in ("pytest_kind", "docker"):
        monkeypatch.setitem(sys.modules, name, None)  # which is how Python says there is none
    leave("r1")
    with claims.claimed("killed") as claim:
        claim.record(kept=False)

    code, told = clean()
    assert code == 1
    first, missing, cause, hint = told.splitlines()[:4]
    assert first == "kind clusters of killed runs were left: killed"
    assert missing.endswith("pytest-kind and docker are not installed")
    assert cause.startswith("likely cause: ")
    assert hint == "Hint: uv sync --inexact --group kind"
    assert names() == set()


def test_a_run_by_id_needs_a_cluster(capsys):
    assert __main__.main(["clean", "--run=r1", "--kubeconfig=/nowhere"]) == 1
    assert "/nowhere" in capsys.readouterr().err
