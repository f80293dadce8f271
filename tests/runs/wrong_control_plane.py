"""A pytest plugin: every check of Istio's semantics runs under control planes that are wrong.

What becomes of patches is told as if nothing were wrong, so that only the gateway can show it.
Load it with `-p tests.runs.wrong_control_plane`; see test_wrong_control_planes_are_caught.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from clusters.local import cluster
from clusters.pilot import behaviours
from clusters.pilot import push as pushing

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Patch

FIXTURE = "wrong"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A mistake that a control plane could make, and the requirement whose checks must notice it.

    Patches of `family` with the operation `taken` are lost, or taken for `instead`; or the
    `behaviour` of the release is the one of others.
    """

    requirement: str
    family: str = ""
    taken: str = ""
    instead: str = ""
    behaviour: str = ""

    def __str__(self) -> str:
        if self.behaviour:
            return f"{self.requirement}: {self.behaviour} turned"
        done = f"taken for {self.instead}" if self.instead else "lost"
        return f"{self.requirement}: {self.family} {self.taken} {done}"


def _lost(requirement: str, family: str, *operations: str) -> list[Wrong]:
    return [Wrong(requirement, family, operation) for operation in operations]


def _moved(requirement: str, family: str) -> list[Wrong]:
    return [
        Wrong(requirement, family, "INSERT_FIRST", "ADD"),
        Wrong(requirement, family, "INSERT_BEFORE", "INSERT_AFTER"),
        Wrong(requirement, family, "INSERT_AFTER", "INSERT_BEFORE"),
    ]


_INSERTS = ("INSERT_FIRST", "INSERT_BEFORE", "INSERT_AFTER")
_TURNED = [
    ("IST-8", "wasm-match"),
    ("IST-10", "http-filter-insert-first"),
    ("IST-10", "remove-runs-in-patch-order"),
    ("IST-12", "envoyfilter-priority"),
    ("IST-14", "proxy-version-length-limit"),
    ("IST-15", "virtual-host-replace"),
    ("IST-15", "virtual-host-domain-match"),
    ("IST-16", "add-for-any-context-skips-gateways"),
    ("IST-17", "deprecated-filter-names-match"),
    ("IST-19", "filter-chain-name-match"),
    ("IST-19", "application-protocols-match"),
    ("IST-20", "listener-filter-merge"),
    ("IST-21", "inserts-run-before-merge"),
    ("IST-21", "network-filter-insert-first-needs-its-filter"),
    ("IST-21", "remove-runs-in-patch-order"),
    ("IST-24", "envoyfilter-target-refs"),
]
WRONG = [
    *_lost("IST-10", "HTTP_FILTER", *_INSERTS, "REPLACE", "MERGE", "REMOVE"),
    *_moved("IST-10", "HTTP_FILTER"),
    *_lost("IST-15", "ROUTE_CONFIGURATION", "MERGE"),
    *_lost("IST-15", "VIRTUAL_HOST", "ADD", "REPLACE", "MERGE", "REMOVE"),
    *_lost("IST-15", "HTTP_ROUTE", "ADD", *_INSERTS, "MERGE", "REMOVE"),
    *_moved("IST-15", "HTTP_ROUTE"),
    *_lost("IST-16", "CLUSTER", "ADD", "MERGE", "REMOVE"),
    *_lost("IST-17", "NETWORK_FILTER", "MERGE"),
    *_lost("IST-18", "LISTENER", "ADD", "MERGE", "REMOVE"),
    *_lost("IST-19", "FILTER_CHAIN", "ADD", "MERGE", "REMOVE"),
    *_lost("IST-20", "LISTENER_FILTER", "ADD", *_INSERTS, "REPLACE", "MERGE", "REMOVE"),
    *_moved("IST-20", "LISTENER_FILTER"),
    *_lost("IST-21", "NETWORK_FILTER", *_INSERTS, "REPLACE", "MERGE", "REMOVE"),
    *_moved("IST-21", "NETWORK_FILTER"),
    Wrong("IST-22", "VIRTUAL_HOST", "MERGE_AND_REPLACE_LIST", "MERGE"),
    *(Wrong(requirement, behaviour=name) for requirement, name in _TURNED),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each check once under every mistake that it must notice."""
    proves = {id for mark in metafunc.definition.iter_markers("requirement") for id in mark.args}
    found = [one for one in WRONG if one.requirement in proves]
    if found:
        metafunc.parametrize(FIXTURE, found, ids=str, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out checks that no mistake is for."""
    called = {one: getattr(one, "callspec", None) for one in items}
    items[:] = [one for one, spec in called.items() if spec and FIXTURE in spec.params]


@pytest.fixture(autouse=True)
def wrong(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Wrong:
    """The mistake that the control plane makes during the test."""
    mistake: Wrong = request.param
    right = pushing.push

    def push(documents, node, release):
        told = right(documents, node, release)
        with pytest.MonkeyPatch.context() as breaking:
            _break(mistake, breaking)
            return replace(right(documents, node, release), outcomes=told.outcomes)

    monkeypatch.setattr(cluster, "push", push)
    return mistake


def _break(mistake: Wrong, breaking: pytest.MonkeyPatch) -> None:
    if mistake.behaviour:
        _turn(mistake.behaviour, breaking)
        return
    right = pushing._patches

    def patches(*given):
        every, reaching = right(*given)
        return every, [two for one in reaching if (two := _mistaken(one, mistake))]

    breaking.setattr(pushing, "_patches", patches)


def _mistaken(patch: Patch, mistake: Wrong) -> Patch | None:
    if (patch.apply_to, patch.operation) != (mistake.family, mistake.taken):
        return patch
    return replace(patch, operation=mistake.instead) if mistake.instead else None


def _turn(name: str, breaking: pytest.MonkeyPatch) -> None:
    right = behaviours._of_version

    def of_version(version):
        turned = behaviours.Behaviours(version)
        turned._held = right(version)._held ^ {name}
        return turned

    breaking.setattr(behaviours, "_of_version", of_version)
