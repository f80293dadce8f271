"""One measurement for each filter that is judged, however many checks look at it."""

from __future__ import annotations

from typing import Any

import pytest

from suites.latency import loads
from suites.latency.looks import Measured, Subject, measured

#: The order of blocks is random and the same in every run.
SEED = 20210209


@pytest.fixture(scope="module")
def cost(
    wasm_filter: Any,
    stopwatch: Any,
    publisher: Any,
    probe_module: Any,
    reference_module: Any,
    latency_statistics: Any,
    cluster: Any,
) -> Measured:
    """What the filter costs per request, measured once for all checks."""
    load = loads.of(wasm_filter.contract, wasm_filter.configuration)
    accepted = latency_statistics.references.accepted(wasm_filter.label)
    reference = reference_module(accepted and accepted.path)
    published = {"new": wasm_filter, "empty": probe_module("empty")}
    if reference is not None:
        published["ref"] = reference
    budget = wasm_filter.max_overhead_ns
    subject = Subject(
        label=wasm_filter.label,
        release=cluster.release.name,
        arms=stopwatch.arms(
            {
                role: (
                    publisher.publish(module),
                    publisher.checksum(module),
                    "" if role == "empty" else load.configuration,
                )
                for role, module in published.items()
            },
            native=load.native,
        ),
        load=load,
        modules={role: module.sha256 for role, module in published.items()},
        budget=None if budget is None else latency_statistics.Budget(budget),
    )
    return measured(latency_statistics, stopwatch, subject, seed=SEED)
