"""The embedded agent makes of a response what both real agents made of it."""

from functools import cache

import pytest

from clusters.release import find
from tests.differential import accepted, golden
from tests.differential.agent import cases, kept, running
from tests.differential.agent.playing import Answer
from tests.differential.differences import Difference, differences

KNOWN = [line for line in accepted.read() if line.sets.startswith("agent/")]
CASES = cases.known()
SUBJECTS = sorted({case.subject for case in CASES.values()})


@cache
def embedded() -> dict[tuple[str, str], Answer]:
    """What the embedded agents of all releases make of all cases; mostly that is waiting."""
    return running.of_embedded(map(find, golden.RECORDED), CASES.values())


def found(name: str, release: str) -> tuple[Difference, ...]:
    made = embedded()[find(release).version, name]
    return tuple(differences(kept.read(release, name), made))


@pytest.mark.parametrize("release", golden.RECORDED)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_embedded_agent_does_what_a_real_one_did(subject: str, release: str) -> None:
    told = [
        f"{name}: {one.place}: the agent of {release} has {one.left}, the embedded one {one.right}"
        for name in CASES
        if name.startswith(f"{subject}/")
        for one in accepted.unexplained(f"agent/{name}", release, found(name, release), KNOWN)
    ]
    assert not told, "\n".join(
        [*told, f"Hint: python -m tests.differential compare --sets 'agent/{subject}/*'"]
    )


def test_every_case_has_an_answer_of_every_release_and_every_answer_a_case() -> None:
    for release in golden.RECORDED:
        assert kept.names(release) == CASES.keys()


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 230


@pytest.mark.parametrize("line", KNOWN, ids=[f"{one.sets} {one.version}" for one in KNOWN])
def test_what_is_accepted_of_an_agent_still_occurs(line: accepted.Accepted) -> None:
    assert any(
        line.covers(f"agent/{name}", release, difference)
        for release in golden.RECORDED
        for name in CASES
        if line.covers_set(f"agent/{name}", release)
        for difference in found(name, release)
    ), f"no difference needs this line any more: {line}"
