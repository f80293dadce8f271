"""What holds for every filter, whatever it does: it comes, changes and goes without harm."""

from __future__ import annotations

import pytest

from suites.delivery.answers import answers, asking, broken, problems
from suites.deployment import PLACEHOLDER, Deployment

pytestmark = pytest.mark.contract("any")

#: What no filter can be meant to run with, and some that a careless one falls over.
GARBAGE = {
    "nothing": "",
    "a lonely brace": "{",
    "a list": "[]",
    "a null byte": "\0",
    "a key that nobody has": '{"no filter has this key": true}',
    "ten thousand brackets": "[" * 10_000,
}
BROKEN = ("no_abi", "unknown_import", "trap_start", "refuse")
RELOADS = 100


@pytest.fixture(scope="module")
def render(cluster, publisher, wasm_filter):
    """A function to documents, under a new name each time, that put the filter in place."""
    url, configuration = publisher.publish(wasm_filter), wasm_filter.configuration
    return lambda **options: cluster.render(url, configuration, name=wasm_filter.name, **options)


@pytest.fixture(scope="module")
def documents(cluster, render):
    """The same function, for a filter that loads at all."""
    with cluster.delivered(render()) as delivery:
        if problems(delivery):
            pytest.skip("the proxy does not load it, see ANY-1")
    return render


@pytest.mark.requirement("ANY-1")
def test_the_proxy_loads_it(cluster, render, wasm_filter, record_property):
    with cluster.delivered(render()) as delivery:
        told = [*problems(delivery), f"with the configuration {wasm_filter.configuration!r}"]
        record_property("actual", "\n".join(told))
        assert problems(delivery) == [], "\n".join(told)


@pytest.mark.requirement("ANY-2")
def test_no_request_fails_because_of_it(cluster, gateway, documents):
    with cluster.applied(documents()):
        assert broken(answers(gateway)) == {}


@pytest.mark.requirement("ANY-4")
@pytest.mark.parametrize("probe", BROKEN)
def test_an_update_that_cannot_start_leaves_it_serving(
    cluster, gateway, publisher, probe_module, wasm_filter, documents, probe
):
    good, bad = publisher.publish(wasm_filter), publisher.publish(probe_module(probe))
    working = documents()

    with cluster.applied(working):
        before = answers(gateway)
        with cluster.delivered(working.replace(good, bad)) as delivery:
            assert delivery.refusals
            assert answers(gateway) == before


@pytest.mark.requirement("ANY-5")
@pytest.mark.parametrize("machines", [("a", "a"), ("a", "b")], ids=["shared", "of their own"])
def test_two_of_it_work_side_by_side(cluster, gateway, documents, machines):
    first, second = (documents(vm_id=machine) for machine in machines)

    with cluster.applied(first):
        alone = answers(gateway)
        with cluster.applied(second):
            assert broken(answers(gateway)) == {}
        assert answers(gateway) == alone


@pytest.mark.requirement("ANY-6")
def test_every_request_is_answered_while_it_is_loaded_anew(cluster, gateway, documents):
    working = documents(vm_id="loaded-first")

    with cluster.applied(working), asking(gateway) as statuses:
        # As often as it takes to have asked meanwhile: how fast that goes is the machine's doing.
        for number in range(RELOADS):
            if number >= 5 and len(statuses) > 10:
                break
            anew = working.replace("vm_id: loaded-first", f"vm_id: loaded-anew-{number}")
            assert anew != working
            with cluster.delivered(anew) as delivery:
                assert problems(delivery) == []

    if len(statuses) <= 10:
        pytest.skip(f"only {len(statuses)} requests during {RELOADS} reloads on this machine")
    assert max(statuses) < 500, f"{statuses.count(max(statuses))} of {len(statuses)} requests"


@pytest.mark.requirement("ANY-7")
@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.usefixtures("documents")
def test_no_configuration_brings_the_gateway_down(
    cluster, gateway, publisher, wasm_filter, garbage, record_property
):
    url = publisher.publish(wasm_filter)
    template = cluster.render(url, PLACEHOLDER, name=wasm_filter.name)
    deployment = Deployment(cluster, template)

    with cluster.applied(deployment.documents(wasm_filter.configuration)):
        before = answers(gateway)
        with deployment.changed(GARBAGE[garbage]) as delivery:
            record_property("actual", "refused" if delivery.refusals else "accepted")
            if delivery.refusals:
                assert answers(gateway) == before
            else:
                assert broken(answers(gateway)) == {}
        assert answers(gateway) == before


@pytest.mark.requirement("ANY-3")
def test_once_removed_it_leaves_nothing_behind(second_cluster, documents):
    gateway = second_cluster.gateway
    before = answers(gateway)
    with second_cluster.applied(documents()):
        assert second_cluster.proxy.machines() > 0

    assert answers(gateway) == before
    second_cluster.wait_for_machines(0)
