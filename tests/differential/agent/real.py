"""A real pilot-agent without an Envoy: something that only stays alive stands in for that."""

from __future__ import annotations

import re
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusters.following import Follower
from clusters.istio.agent_log import AgentLog
from clusters.local import binaries, confinement, pilot_agent
from clusters.pilot.node import ingress_gateway
from tests.differential.agent import delta
from tests.differential.agent.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from clusters.release import Release

SOCKET = "agent/etc/istio/proxy/XDS"
#: Tells an admin address, as Envoy does, and waits to be killed.
STAND_IN = """\
#!{python} -IS
import pathlib, signal, sys
told = sys.argv[sys.argv.index("--admin-address-path") + 1]
pathlib.Path(told).write_text("127.0.0.1:1")
signal.pause()
"""


@dataclass(slots=True)
class RealAgent:
    """A running agent; what it fetches lies in `modules`, as it sees it in `seen_as`."""

    modules: Path
    _line: delta.Line
    _log: Path
    _nonces: Iterator[int] = field(default_factory=lambda: count(1))
    seen_as: str = str(confinement.FIXED)

    def respond(
        self,
        resources: Mapping[str, Mapping[str, Any]],
        removed: Sequence[str],
        about: Sequence[str],
    ) -> Told:
        """Return what it makes of one response.

        `about` are texts one of which is in whatever the agent says about the response.
        """
        log = Follower(self._log, self._log.stat().st_size)
        outcome = self._line.send(str(next(self._nonces)), resources, removed)
        said = AgentLog()
        said.read(log.new_lines())
        own = re.compile(rf"(?:{'|'.join(map(re.escape, about))})(?![\w-])")
        failures = tuple(one for one in said.failures if own.search(one))
        if isinstance(outcome, str):
            return Told(None, (), failures, outcome)
        return Told(outcome.resources, outcome.removed, failures)


@contextmanager
def running(release: Release, environment: Mapping[str, str]) -> Iterator[RealAgent]:
    """Run an agent of a release with variables of its environment while the block lasts.

    Raises binaries.BinariesMissing or processes.ProcessFailed.
    """
    found = binaries.find(release)
    line = delta.Line()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        envoy = folder / "stand-in"
        envoy.write_text(STAND_IN.format(python=sys.executable))
        envoy.chmod(0o755)
        discovery = stack.enter_context(delta.control_plane(line))
        node = ingress_gateway(release.version)
        agent = pilot_agent.start(found.agent, envoy, node, discovery, folder, environment)
        stack.callback(agent.stop)
        stack.enter_context(delta.proxy(line, f"unix:{folder / SOCKET}"))
        yield RealAgent(folder / "modules", line, agent.process.log)
