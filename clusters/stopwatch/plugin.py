"""The option and the fixture of what is measured per request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clusters.plugin import BINARY, RELEASE

if TYPE_CHECKING:
    from bookinfo.app import Application
    from clusters.stopwatch.stopwatch import Stopwatch


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how thoroughly latency is measured."""
    parser.getgroup("clusters").addoption(
        "--latency",
        choices=("quick", "deep", "off"),
        default="quick",
        help="how a filter's cost is measured: quick = within 10 s for each filter, deep = for a "
        "minute, with the long checks of memory, off = not at all (default: %(default)s)",
    )


@pytest.fixture(scope="session")
def stopwatch(
    pytestconfig: pytest.Config,
    bookinfo: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stopwatch:
    """The instrument of latency: `.arms(modules, configuration)`, `.measure(arms, load)`."""
    if (mode := pytestconfig.getoption("--latency")) == "off":
        pytest.skip("latency is not measured with --latency=off\nHint: leave the option out")
    if hasattr(pytestconfig, "workerinput"):
        pytest.skip(
            "latency is not measured by one of several workers, which disturb each other\n"
            "Hint: pytest suites/latency -n 0"
        )
    from bookinfo.documents import documents
    from clusters.pilot.agent import Agent
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.node import ingress_gateway
    from clusters.stopwatch.arms import ControlPlane
    from clusters.stopwatch.stopwatch import ready

    release = pytestconfig.stash[RELEASE]
    agent = Agent(Behaviours.of(release), tmp_path_factory.mktemp("stopwatch"))
    node = ingress_gateway(release.version)
    plane = ControlPlane(release, node, agent, documents(bookinfo.port))
    return ready(pytestconfig.stash[BINARY], plane, mode)
