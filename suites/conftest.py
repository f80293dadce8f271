"""What every suite starts from."""

from __future__ import annotations

from typing import Any

import pytest

from suites import footprints
from suites.deployment import Cluster, Deployer, Publisher
from suites.latency import loads
from suites.subjects import Subject


@pytest.fixture(scope="session")
def deploy(cluster: Cluster, publisher: Publisher) -> Deployer:
    """A context manager that puts a filter in front of every route and proves it there."""
    return Deployer(cluster, publisher)


@pytest.fixture(scope="session")
def subject(
    wasm_filter: Any,
    stopwatch_arms: Any,
    publisher: Any,
    probe_module: Any,
    reference_module: Any,
    latency_statistics: Any,
    measured_as: str,
    filter_revision: Any,
) -> Subject:
    """The filter with all that it is measured beside: nothing, an empty one, its reference."""
    load = loads.of(wasm_filter.contract, wasm_filter.configuration)
    accepted = latency_statistics.references.accepted(wasm_filter.label)
    reference = reference_module(accepted and accepted.path)
    lost = "" if reference else latency_statistics.references.damage(wasm_filter.label)
    published = {"new": wasm_filter, "empty": probe_module("empty")}
    if reference is not None:
        published["ref"] = reference
    budget = wasm_filter.max_overhead_ns
    return Subject(
        label=wasm_filter.label,
        release=measured_as,
        arms=stopwatch_arms.made(
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
        commit=filter_revision.commit,
        facts={
            **({"commit": f"unknown ({why})"} if (why := filter_revision.unknown) else {}),
            **({"reference": f"none: {lost}"} if lost else {}),
        },
    )


@pytest.fixture(scope="session")
def known_memory(
    subject: Subject,
    loaded_proxy: Any,
    one_proxy: bool,
    memory_unknown: str,
    pytestconfig: pytest.Config,
) -> Any:
    """What the filter takes of memory, in proxies of its own; None where nothing tells it."""
    if memory_unknown:
        return None
    deep = pytestconfig.getoption("--latency") == "deep"
    requests = footprints.DEEP if deep else footprints.QUICK
    take = footprints.taken_in_one if one_proxy else footprints.taken
    return take(subject.arms, loaded_proxy, subject.load, requests=requests)


@pytest.fixture(scope="session")
def memory(known_memory: Any, memory_unknown: str) -> Any:
    """What the filter takes of memory."""
    if known_memory is None:
        pytest.skip(memory_unknown)
    return known_memory
