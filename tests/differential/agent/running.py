"""All cases with one agent after the other, as many at once as there are."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tests.differential.agent import embedded, real, servers
from tests.differential.agent.playing import Agent, Answer, play
from tests.differential.agent.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clusters.release import Release
    from tests.differential.agent.cases import Case

#: Most of the time a case only waits.
AT_ONCE = 64


def of_real(release: Release, chosen: Iterable[Case]) -> dict[str, Answer]:
    """Return the answers of a real agent of a release, one for each environment.

    Raises binaries.BinariesMissing or processes.ProcessFailed.
    """
    found: dict[str, Answer] = {}
    for environment, group in groupby(sorted(chosen, key=_environment), _environment):
        with real.running(release, dict(environment)) as agent:
            found |= _played(tuple(group), lambda _: agent)
    return found


def of_embedded(release: Release, chosen: Iterable[Case]) -> dict[str, Answer]:
    """Return the answers of embedded agents of a release, one for each case."""
    with tempfile.TemporaryDirectory() as folder:

        def fresh(case: Case) -> Agent:
            modules = Path(tempfile.mkdtemp(dir=folder))
            return embedded.starting(release, case.environment, modules)

        return _played(tuple(chosen), fresh)


def _environment(case: Case) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(case.environment.items()))


def _played(chosen: tuple[Case, ...], agent_for: Callable[[Case], Agent]) -> dict[str, Answer]:
    with tempfile.TemporaryDirectory() as folder, servers.running(Path(folder)) as running:

        def played(case: Case) -> Answer:
            return play(case, World(running), agent_for(case))

        beside = [case for case in chosen if not case.alone]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = dict(zip((case.name for case in beside), pool.map(played, beside), strict=True))
        return found | {case.name: played(case) for case in chosen if case.alone}
