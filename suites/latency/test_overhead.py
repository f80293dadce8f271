"""What a filter adds to a request, and that it answers every one of them rightly meanwhile."""

from __future__ import annotations

import pytest

from suites.latency.measuring import with_memory

# Every filter is measured, by what its own contract promises.
pytestmark = pytest.mark.contract("any")


@pytest.mark.requirement("LAT-1")
def test_every_answer_under_load_is_right(cost, subject, record_property):
    found, load = cost.estimates, subject.load
    block = max(each.requests for each in cost.measurement.blocks)
    shown = (
        "its effect in each"
        if load.effect
        else f"a refusal seen with each block of {block}"
        if load.refusal
        else "each like the first"
    )
    record_property("measured", f"{found.requests} requests under load, {shown}")

    assert found.bad == 0, (
        f"{found.bad} of {found.requests} answers under load were wrong or missing\n"
        f"last seen: {'; '.join(cost.complaints) or 'none came'}\n"
        "likely cause: the filter fails, or forgets to act, when requests come at once"
    )


@pytest.mark.requirement("LAT-2")
@pytest.mark.claim("A filter costs time, in every request.")
def test_it_costs_no_more_than_it_may(
    cost,
    known_memory,
    memory_unknown,
    wasm_filter,
    latency_statistics,
    latency_findings,
    record_property,
):
    found = latency_findings.record(
        with_memory(latency_statistics, cost.measurement, known_memory, memory_unknown),
        cost.estimates,
        cost.verdict,
        thresholds=latency_statistics.Thresholds(),
        budget=cost.budget,
        module=wasm_filter.path,
    )
    record_property("measured", found.sentence)

    lost = found.facts.get("reference")
    assert lost is None, (
        f"{found.filter} was compared with no reference: {lost}\n"
        f'Hint: python -m reports accept --filter "{found.filter}"    # what was measured just now'
    )
    latency_findings.settle(cost.verdict)
