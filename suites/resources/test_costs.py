"""What a filter costs before it has seen a request: size, time to build and load, memory."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from suites.resources.units import megabytes

# Whatever a filter promises, it has to be loaded and removed.
pytestmark = pytest.mark.contract("any")

#: Seconds from the documents to the proxy's answer; Go's modules take V8 several to compile.
SLOWEST = 60.0
#: Bytes that a filter may leave behind; the first one ever leaves some of what V8 shares.
LEFT_BEHIND = 2_000_000


@dataclass(frozen=True)
class Cost:
    """What loading a filter three times, each in machines of its own, took and left."""

    load_seconds: float
    machines: int
    first: int
    each: int
    left: int


@pytest.fixture(scope="module")
def cost(cluster, publisher, wasm_filter):
    """The cost of the filter, from a proxy without any virtual machine to such a proxy again."""
    url, configuration = publisher.publish(wasm_filter), wasm_filter.configuration
    cluster.wait_for_machines(0)
    used, machines, seconds = [cluster.proxy.allocated()], [], []
    with ExitStack() as stack:
        for vm_id in ("cost-first", "cost-second", "cost-third"):
            text = cluster.render(url, configuration, name=wasm_filter.name, vm_id=vm_id)
            seconds.append(stack.enter_context(cluster.applied(text)).seconds)
            used.append(cluster.proxy.allocated())
            machines.append(cluster.proxy.machines())
    cluster.wait_for_machines(0)
    return Cost(
        load_seconds=seconds[0],
        machines=machines[0],
        first=used[1] - used[0],
        each=(used[3] - used[1]) // (machines[2] - machines[0]),
        left=cluster.proxy.allocated() - used[0],
    )


@pytest.mark.requirement("RES-1")
@pytest.mark.claim("Filters can be written in several languages.")
def test_a_filter_is_loaded_in_time(cost, memory, wasm_filter, record_property):
    built = wasm_filter.build_seconds
    record_property(
        "measured",
        f"{megabytes(wasm_filter.size)}, "
        + ("" if built is None else f"built in {built:.1f} s, ")
        + f"loaded in {cost.load_seconds:.2f} s, compiled in {memory.compile_seconds:.2f} s of a "
        f"proxy's start, first filtered answer {memory.first_seconds:.2f} s after that start",
    )

    assert cost.load_seconds < SLOWEST
    assert memory.first_seconds < SLOWEST


@pytest.mark.requirement("RES-2")
@pytest.mark.claim("A filter costs memory, for each of its virtual machines.")
def test_memory_is_given_back(cost, record_property):
    record_property(
        "measured",
        f"{megabytes(cost.first)} for the first {cost.machines} machines, {megabytes(cost.each)} "
        f"for each one more, {megabytes(max(cost.left, 0))} left after removal (as the proxy "
        "allocates; what the module itself sees comes on top)",
    )

    assert cost.first > 0
    assert cost.each > 0
    assert cost.left < LEFT_BEHIND
