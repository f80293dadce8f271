"""What a filter takes of memory: at first, for each plugin and worker more, and over time."""

from __future__ import annotations

import pytest

from suites.footprints import grown, limit
from suites.resources.units import megabytes

# Whatever a filter promises, it must not fill the proxy.
pytestmark = pytest.mark.contract("any")

#: A garbage collector lets its heap grow over the first hundred or so.
CHANGES, SETTLING_CHANGES = 200, 100


@pytest.mark.requirement("RES-3")
@pytest.mark.claim("A filter costs memory, for each of its virtual machines.")
def test_a_filter_takes_no_more_memory_than_its_reference(memory, record_property):
    first, further = memory.more("new", "none"), memory.more("two", "new")
    new = memory.of["new", 1]
    record_property(
        "measured",
        f"{megabytes(first)} for the first {new.machines} machines in a proxy that has "
        f"{megabytes(memory.of['none', 1].held)} without, {megabytes(further)} for the same "
        f"module once more ({memory.how})"
        + (
            ""
            if memory.per_worker is None
            else f"; {megabytes(memory.per_worker)} for a second worker (as the proxy allocates)"
        ),
    )

    assert new.machines > memory.of["none", 1].machines == 0
    assert first > 0
    if ("ref", 1) in memory.of:
        before = memory.of["ref", 1].held
        assert new.held - before <= limit(before), (
            f"{megabytes(new.held)}, with its reference {megabytes(before)}"
        )


@pytest.mark.requirement("RES-4")
def test_requests_leave_no_memory_behind(memory, record_property):
    growth = memory.growth
    record_property(
        "measured",
        f"{megabytes(growth.added)} more after {growth.requests} requests; a leak shows from "
        f"{growth.smallest:.0f} bytes per request on",
    )

    assert growth.bad == 0
    assert growth.added <= limit(growth.before), (
        f"{growth.requests} requests left {megabytes(growth.added)} behind, "
        f"{growth.added / growth.requests:.0f} bytes each"
    )


@pytest.mark.requirement("RES-5")
def test_changes_of_configuration_leave_no_memory_behind(
    cluster, publisher, wasm_filter, private_memory, record_property
):
    # The plugin is made anew by any change; this one asks no filter for a second configuration.
    opened = cluster.render(
        publisher.publish(wasm_filter),
        wasm_filter.configuration,
        name=wasm_filter.name,
        vm_id="changing",
        fail_open=True,
    )
    closed = opened.replace("fail_open: true", "fail_open: false")
    assert closed != opened
    with cluster.applied(closed):
        change(cluster, opened, SETTLING_CHANGES)
        before, added = grown(
            lambda: private_memory(cluster), lambda: change(cluster, opened, CHANGES)
        )
    record_property("measured", f"{megabytes(added)} more after {CHANGES} changes")

    assert added <= limit(before), (
        f"{CHANGES} changes of the configuration left {megabytes(added)} behind, "
        f"{added / CHANGES / 1e3:.0f} kB each"
    )


def change(cluster, documents, times):
    # Each block is two changes: there and back.
    for _ in range(times // 2):
        with cluster.delivered(documents) as delivery:
            assert delivery.refusals == ()
