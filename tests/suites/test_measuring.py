"""What a measurement tells beside its figures."""

from reports import latency
from suites.footprints import Footprints, Growth
from suites.latency.measuring import with_memory
from tests.reports.latency.synthetic import measured


class Held:
    pss_anon = 14_000_000
    allocated = 6_000_000
    machines = 3


def test_memory_stands_beside_the_figures_by_arm_and_workers():
    of = {("new", 1): Held, ("new", 2): Held, ("two", 1): Held}
    memory = Footprints(of, Growth(0, 0, 0, 0), 0.0, 0.0)

    found = with_memory(latency, measured(1, sessions=2, rounds=1), memory, "")

    assert [(row.arm, row.workers, row.pss_anon) for row in found.memory] == [
        ("new", 1, 14_000_000),
        ("new", 2, 14_000_000),
    ]


def test_a_kernel_that_tells_no_memory_costs_no_latency():
    before = measured(1, sessions=2, rounds=1, facts={"listeners of": "istiod"})

    found = with_memory(latency, before, None, "no smaps_rollup")

    assert found.memory == ()
    assert found.facts == {"listeners of": "istiod", "memory": "unknown (no smaps_rollup)"}
    assert found.blocks == before.blocks
