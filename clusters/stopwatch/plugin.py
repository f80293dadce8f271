"""The option and the fixture of what is measured per request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from bookinfo.app import Application
    from clusters.cluster import Cluster
    from clusters.kube.stopwatch.arms import PodArms
    from clusters.kube.stopwatch.stopwatch import KubeStopwatch
    from clusters.local.envoy import Binary
    from clusters.places import Place
    from clusters.stopwatch.arms import ControlPlane
    from clusters.stopwatch.stopwatch import Stopwatch


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how thoroughly latency is measured."""
    parser.getgroup("clusters").addoption(
        "--latency",
        choices=("quick", "deep", "off"),
        default="quick",
        help="how a filter's cost is measured: quick = 7 s that all filters of a run share, but "
        "four sessions each (9 s each beside a reference, 16 s if undecided), deep = a minute "
        "each, with the long checks of memory, off = not at all (default: %(default)s)",
    )


def pytest_conformance_facts() -> dict[str, str]:
    """Answer what the figures of memory and time were measured on."""
    from clusters.stopwatch import environment

    found = environment.machine()
    load = ", ".join(f"{each:.1f}" for each in found.load)
    return {
        "machine": f"{found.cpu}, {found.cores} cores, {found.kernel}, load at the end {load}",
    }


def _in_a_cluster(config: pytest.Config) -> bool:
    return bool(config.getoption("--cluster") != "local")


@pytest.fixture(scope="session")
def stopwatch_arms(
    pytestconfig: pytest.Config,
    cluster_place: Place,
    bookinfo: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> ControlPlane | PodArms:
    """What makes arms of modules: `.made({"new": (url, sha256, configuration)})`."""
    if _in_a_cluster(pytestconfig):
        from clusters.kube.stopwatch.arms import PodArms

        return PodArms()
    from bookinfo.documents import documents
    from clusters.pilot.agent import Agent
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.node import ingress_gateway
    from clusters.stopwatch.arms import ControlPlane

    release = cluster_place.release
    agent = Agent(Behaviours.of(release), tmp_path_factory.mktemp("arms"))
    node = ingress_gateway(release.version)
    return ControlPlane(release, node, agent, documents(bookinfo.port))


@pytest.fixture(scope="session")
def measured_as(pytestconfig: pytest.Config, cluster_place: Place) -> str:
    """The release that figures are kept under: "1.9", or "1.9, envoy 1.36.4" of several."""
    from clusters import matrix
    from clusters.plugin import PLACES

    return matrix.measured_as(cluster_place, pytestconfig.stash[PLACES])


@pytest.fixture(scope="session")
def stopwatch(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    cluster_place: Place,
    judged_together: int,
) -> Stopwatch | KubeStopwatch:
    """The instrument of latency: `stopwatch.measure(arms, load, seed=1)`."""
    if (mode := pytestconfig.getoption("--latency")) == "off":
        pytest.skip("latency is not measured with --latency=off\nHint: leave the option out")
    if hasattr(pytestconfig, "workerinput"):
        pytest.skip(
            "latency is not measured by one of several workers, which disturb each other\n"
            "Hint: pytest suites/latency -n 0"
        )
    if _in_a_cluster(pytestconfig):
        from clusters.kube.stopwatch import process
        from clusters.kube.stopwatch.stopwatch import KubeStopwatch

        cluster = request.getfixturevalue("cluster")
        return KubeStopwatch(
            cluster,
            mode,
            here=cluster.target.owned,
            process=lambda: process.envoy(cluster.pods),
            give_up=pytest.skip,
        )
    from clusters.stopwatch.stopwatch import ready

    return ready(_envoy(cluster_place), mode, together=judged_together)


def _envoy(place: Place) -> Binary:
    from clusters.local.envoy import Binary

    assert isinstance(place.proxy, Binary)
    return place.proxy


@pytest.fixture(scope="session")
def loaded_proxy(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config, cluster_place: Place
) -> Callable[..., AbstractContextManager[Any]]:
    """A context manager, of arms and a load, that has them in a proxy (a `Loaded`).

    It is a proxy of their own, but in a cluster the gateway's, where `one_proxy` is true.
    """
    if _in_a_cluster(pytestconfig):
        from clusters.kube.stopwatch.footprint import LoadedGateway

        return LoadedGateway(request.getfixturevalue("cluster"), pytest.skip)
    from functools import partial

    from clusters.stopwatch import footprint

    return partial(footprint.loaded, _envoy(cluster_place))


@pytest.fixture(scope="session")
def one_proxy(pytestconfig: pytest.Config) -> bool:
    """Whether all that is loaded is in one proxy, so that footprints add up."""
    return _in_a_cluster(pytestconfig)


@pytest.fixture(scope="session")
def memory_unknown(one_proxy: bool) -> str:
    """Why nothing tells what a proxy holds; "" if its kernel does, or in a cluster the proxy."""
    if one_proxy:
        return ""
    import os

    from clusters import memory

    try:
        memory.pss_anon(os.getpid())
    except memory.MemoryUnknown as unknown:
        return str(unknown)
    return ""


@pytest.fixture(scope="session")
def private_memory(memory_unknown: str, one_proxy: bool) -> Callable[[Cluster], int]:
    """A function from a cluster to the bytes that its proxy has for itself (Pss_Anon).

    In a cluster they are those that the proxy says it has allocated.
    """
    from clusters import memory

    if memory_unknown:
        pytest.skip(memory_unknown)
    if one_proxy:
        return lambda cluster: cluster.proxy.allocated()
    return lambda cluster: memory.pss_anon(int(cluster.process.removeprefix("pid ")))
