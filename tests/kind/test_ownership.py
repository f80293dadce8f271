"""A cluster of somebody else is never deleted, whenever it appears under a name of ours.

kind is a program that keeps files, Docker a server that shows them as nodes; pytest-kind, the
kubernetes client and the docker client are the real ones.
"""

import pytest

from clusters import release
from clusters.__main__ import main
from clusters.kind import claims, cluster, engine, finding, lifetime
from clusters.kind.errors import NotOurs, PhaseFailed
from clusters.kind.inside import Inside
from clusters.kind.mark import Mark
from clusters.kind.plan import Plan
from clusters.kind.recipe import Recipe
from clusters.kind.tools import Tool
from tests.kind import programs

pytest.importorskip("pytest_kind", reason="the group kind is not installed: uv sync --group kind")

NAME = "iwc-mine"
OURS = (4711, 4712)
RECIPE = Recipe("1.31.0", "node:1", "lab", "1.31.0", "standin", "python:1")


@pytest.fixture
def told():
    return []


@pytest.fixture
def run(kind, docker, tmp_path, told):
    """A function that makes a cluster of that name; Istio cannot be installed into it."""

    def up(*, keep=False):
        istioctl = programs.istioctl(tmp_path, "1.31.0", "echo no >&2", "exit 9")
        tool, installer = (Tool(path, "1", "PATH") for path in (kind.path, istioctl))
        plan = Plan(release.find("1.31"), tool, installer, RECIPE, NAME, keep)
        with cluster.running(plan, told.append):
            pass

    return up


@pytest.fixture
def recorded():
    """A function that records a cluster as runs do that make one."""

    def record(name, *, kept=False, ports=OURS, whole=True):
        with claims.claimed(name) as claim:
            claim.record(kept=kept, whole=whole, ports=ports)

    return record


def sweep(kind, told):
    with engine.connected() as docker:
        return finding.sweep(kind.path, kind.there, docker, told.append)


def test_a_cluster_of_this_run_is_deleted_when_a_step_fails(kind, run, told):
    with pytest.raises(PhaseFailed, match="istioctl install ended with 9"):
        run()

    assert (kind.there, kind.deleted, claims.names()) == ([], [NAME], [])


@pytest.mark.parametrize("keep", [False, True], ids=["for this run", "to keep"])
def test_a_cluster_that_appears_before_kinds_own_look_is_refused_and_left_alone(
    kind, run, told, keep
):
    kind.at("create", f"touch $state/{NAME}")

    with pytest.raises(NotOurs, match=f"a cluster {NAME} is there, and this project did not"):
        run(keep=keep)

    assert (kind.there, kind.deleted, claims.names()) == ([NAME], [], [])
    assert told[-1] == "refused\n"


def test_a_cluster_that_appears_before_pytest_kinds_look_is_refused_and_left_alone(kind, run):
    kind.after("get", f"touch $state/{NAME}")  # which is called by us first

    with pytest.raises(NotOurs, match="did not make it; it was left alone"):
        run()

    assert (kind.there, kind.deleted, claims.names()) == ([NAME], [], [])
    assert not any(call.startswith("create") for call in kind.calls)


def test_a_cluster_that_takes_the_place_of_ours_during_the_run_is_left_alone(kind, run, told):
    kind.after("create", f"true > $state/{NAME}")

    with pytest.raises(PhaseFailed, match="istioctl install ended with 9"):
        run()

    assert (kind.there, kind.deleted, claims.names()) == ([NAME], [], [])
    assert f"another cluster {NAME} is there now, and left alone" in told[-1]


def test_a_port_that_is_taken_costs_one_more_attempt_with_others(kind, run):
    kind.at(
        "create",
        f'cp "$7" $state/{NAME}',  # the container is made before its ports are bound
        f'cp "$7" {kind.folder}/first',
        "echo Bind for 127.0.0.1 failed: port is already allocated >&2",
        "exit 1",
    )
    kind.after("create", f'cp "$7" {kind.folder}/second')

    with pytest.raises(PhaseFailed, match="istioctl install ended with 9"):
        run()

    first, second = [(kind.folder / each).read_text() for each in ("first", "second")]
    assert first != second
    assert (kind.there, kind.deleted) == ([], [NAME, NAME])


def test_a_port_that_is_taken_twice_ends_the_run_with_what_kind_said(kind, run, tmp_path):
    said = "echo Bind for 127.0.0.1 failed: port is already allocated >&2; exit 1"
    kind.at("create", f"cat > {tmp_path}/at-create <<EOF", said, "EOF", said)

    with pytest.raises(PhaseFailed) as failure:
        run()

    assert "port is already allocated" in str(failure.value)
    assert "Hint: run it again, which takes another port" in str(failure.value)
    assert len([call for call in kind.calls if call.startswith("create")]) == 2
    assert claims.names() == []


def test_a_node_that_docker_shows_late_is_deleted_all_the_same(kind, run, docker):
    kind.at("create", f'cp "$7" $state/{NAME}', "echo broken >&2", "exit 1")
    docker.blind = 2

    with pytest.raises(PhaseFailed, match="broken"):
        run()

    assert (kind.there, claims.names()) == ([], [])


def test_a_killed_runs_name_that_somebody_took_since_is_forgotten_and_left_alone(
    kind, docker, recorded, told
):
    recorded(NAME)
    kind.has(NAME)

    assert sweep(kind, told) == [NAME]
    assert (kind.there, claims.names()) == ([NAME], [])
    assert "is no killed run's any more, and is left alone" in told[0]


def test_a_killed_run_that_had_not_come_beyond_the_node_is_swept(kind, docker, recorded, told):
    recorded(NAME, whole=False)
    kind.has(NAME, ports=OURS)
    (kind.folder / "kubeconfig").unlink()  # it cannot be asked

    assert sweep(kind, told) == []
    assert kind.there == []


def test_a_kept_clusters_name_that_somebody_took_since_is_refused_and_left_alone(
    kind, run, recorded
):
    recorded(NAME, kept=True, whole=False)
    kind.has(NAME)

    with pytest.raises(NotOurs, match="did not make it; it was left alone"):
        run(keep=True)

    assert (kind.there, kind.deleted) == ([NAME], [])


@pytest.mark.parametrize("named", [True, False], ids=["by its name", "all"])
def test_down_leaves_a_cluster_alone_that_somebody_made_under_a_name_of_ours(
    kind, docker, recorded, capsys, named
):
    recorded(NAME, kept=True)
    kind.has(NAME)
    asked = [f"--cluster-name={NAME}"] if named else []

    code = main(["kind", "down", f"--kind-bin={kind.path}", *asked])

    said = capsys.readouterr()
    assert (kind.there, kind.deleted) == ([NAME], [])
    if named:
        assert code == 1
        assert "this project did not make it; it was left alone" in said.err
    else:
        assert (code, said.out) == (0, "no cluster of this project is there\n")


def test_down_deletes_the_cluster_of_the_record_and_one_that_carries_the_mark(
    kind, docker, recorded, capsys
):
    recorded(NAME, kept=True)
    kind.has(NAME, ports=OURS)
    kind.has("iwc-other", ports=(1, 2))
    with claims.claimed("any") as claim:
        lifetime.export(kind.path, claim)
        inside = Inside(claim.kubeconfig, "kind-any")
        inside.write_mark(Mark({}, 1, 2, ready=True))
        inside.close()

    assert main(["kind", "down", f"--kind-bin={kind.path}"]) == 0

    assert kind.there == []
    assert capsys.readouterr().out == f"{NAME} is deleted\niwc-other is deleted\n"


@pytest.mark.parametrize("marked", [OURS, (1, 2), None], ids=["ours", "another's", "none"])
def test_without_docker_to_ask_only_a_mark_tells_that_a_cluster_is_a_killed_runs(
    kind, recorded, told, marked
):
    recorded(NAME)
    kind.has(NAME)
    if marked:
        with claims.claimed("any") as claim:
            lifetime.export(kind.path, claim)
            inside = Inside(claim.kubeconfig, "kind-any")
            inside.write_mark(Mark({}, marked[0], marked[1], ready=True))
            inside.close()

    left = finding.sweep(kind.path, kind.there, None, told.append)

    assert kind.there == left == ([] if marked == OURS else [NAME])
    assert ("left alone" in told[0]) is (marked != OURS)
