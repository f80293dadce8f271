"""Two runs are never at one gateway; what dead ones left is named, and what others have is told."""

import pytest

from clusters.existing import identity, lease, neighbours
from clusters.existing.pods import Pod
from clusters.ownership import PROCESS_ANNOTATION

MINE, ANOTHER = "istio-system/istio=ingressgateway", "edge/istio=edge"
LABELS = {"istio": "ingressgateway", "app": "gateway"}
DEAD = f"{identity.world()}/1/-2"


@pytest.fixture
def leave(run, cluster):
    """A function that leaves an EnvoyFilter and a Lease in a namespace of all runs."""

    def left(id, *, gateway=MINE, process=None, leased=True):
        spec = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "spec": {}}
        run(id).apply(spec | {"metadata": {"name": f"a-{id}", "namespace": "istio-system"}})
        if not leased:
            return
        with lease.kept(cluster, "default", id, gateway=gateway):
            pass
        if process:
            there = {"metadata": {"annotations": {PROCESS_ANNOTATION: process}}}
            cluster.change(f"{lease.path('default')}/{lease.name(id)}", there)

    return left


@pytest.fixture
def check(cluster):
    return lambda: neighbours.check(
        cluster, "istio-system", "default", MINE, "--kube-context=lab --run-namespace=default"
    )


def test_nobody_else_is_no_reason(check):
    check()


def test_a_run_that_lives_at_the_same_gateway_is_waited_for_by_the_user(leave, check):
    leave("r1")

    with pytest.raises(neighbours.InUse, match=r"another run works with this gateway: .* \(run r1"):
        check()


def test_what_a_dead_run_left_there_is_named_with_the_command_that_removes_it(leave, check):
    leave("r1", process=DEAD)

    with pytest.raises(neighbours.InUse) as raised:
        check()

    told = str(raised.value)
    assert "\n  EnvoyFilter istio-system/a-r1\n" in told
    assert told.endswith(
        "Hint: python -m clusters clean --kube-context=lab --run-namespace=default --run=r1"
    )


def test_a_run_that_told_nobody_where_it_is_might_be_here(leave, check):
    leave("r1", leased=False)

    with pytest.raises(neighbours.InUse, match="EnvoyFilter istio-system/a-r1"):
        check()


@pytest.mark.parametrize("process", [None, DEAD])
def test_runs_at_another_gateway_are_none_of_this_ones_business(leave, check, process):
    leave("r1", gateway=ANOTHER, process=process)

    check()


def test_what_others_have_at_this_gateway_is_told(cluster, served, leave):
    def put(kind, version, name, spec, namespace="istio-system"):
        served.put(
            {
                "apiVersion": version,
                "kind": kind,
                "metadata": {"name": name, "namespace": namespace},
                "spec": spec,
            }
        )

    leave("r1")
    put("EnvoyFilter", "networking.istio.io/v1alpha3", "theirs", {})
    put("WasmPlugin", "extensions.istio.io/v1alpha1", "too", {})
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}}
    for name, selector, hosts in (
        ("shop", {"istio": "ingressgateway"}, ["shop.x", "a/*.y"]),
        ("all", {}, ["*"]),
        ("other", {"istio": "other"}, ["*"]),
    ):
        spec = {"selector": selector, "servers": [server | {"hosts": hosts}] * 2}
        put("Gateway", "networking.istio.io/v1beta1", name, spec, "default")

    assert neighbours.others(cluster, "istio-system", Pod("ns", "pod", LABELS, "")) == (
        "EnvoyFilter istio-system/theirs",
        "WasmPlugin istio-system/too",
        "Gateway default/all (*)",
        "Gateway default/shop (shop.x, a/*.y)",
    )
