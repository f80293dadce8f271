"""Cases with one agent after the other, as many at once as do not disturb each other."""

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

#: Of those that do not wait.
AT_ONCE = 4


def of_real(release: Release, chosen: Iterable[Case]) -> dict[str, Answer]:
    """Return the answers of a real agent of a release, one for each environment.

    Raises binaries.BinariesMissing or processes.ProcessFailed.
    """
    found: dict[str, Answer] = {}
    for environment, group in groupby(sorted(chosen, key=_environment), _environment):
        with real.running(release, dict(environment)) as agent:
            played = _played([(release, case) for case in group], lambda _, __: agent)
            found |= {name: answer for (_, name), answer in played.items()}
    return found


def of_embedded(
    releases: Iterable[Release], chosen: Iterable[Case]
) -> dict[tuple[str, str], Answer]:
    """Return the answers of embedded agents by version and case; each has an agent of its own."""
    with tempfile.TemporaryDirectory() as folder:

        def fresh(release: Release, case: Case) -> Agent:
            modules = Path(tempfile.mkdtemp(dir=folder))
            return embedded.starting(release, case.environment, modules)

        cases = tuple(chosen)
        return _played([(release, case) for release in releases for case in cases], fresh)


def _environment(case: Case) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(case.environment.items()))


def _played(
    asked: list[tuple[Release, Case]], agent_for: Callable[[Release, Case], Agent]
) -> dict[tuple[str, str], Answer]:
    with tempfile.TemporaryDirectory() as folder, servers.running(Path(folder)) as running:

        def played(one: tuple[Release, Case]) -> tuple[tuple[str, str], Answer]:
            release, case = one
            answer = play(case, World(running), agent_for(release, case))
            return (release.version, case.name), answer

        waiting = [one for one in asked if one[1].waits]
        others = [one for one in asked if not one[1].waits and not one[1].alone]
        # Those that wait begin before there is much to do, and then cost nothing.
        with (
            ThreadPoolExecutor(len(waiting) or 1) as patient,
            ThreadPoolExecutor(AT_ONCE) as quick,
        ):
            found = patient.map(played, waiting), quick.map(played, others)
        return dict([*found[0], *found[1], *(played(one) for one in asked if one[1].alone)])
