"""The embedded control plane sends what both real istiods sent, but for what is accepted."""

from functools import cache

import pytest

from clusters.release import find
from tests.differential import accepted, answers, golden, sets
from tests.differential.differences import Difference, differences

#: Those about the agent are for test_agent_agreement.py.
KNOWN = [line for line in accepted.read() if not line.sets.startswith("agent/")]
NAMES = sorted(sets.known())
SUBJECTS = sorted({one.subject for one in sets.known().values()})


@cache
def found(name: str, release: str) -> tuple[Difference, ...]:
    one = sets.known()[name]
    expected, made = golden.read(release, one), answers.of_embedded(one, find(release))
    return tuple(differences(expected, made))


@pytest.mark.parametrize("release", golden.RECORDED)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_embedded_control_plane_sends_what_istiod_sends(subject: str, release: str) -> None:
    told = [
        f"{name}: {one.place}: istiod {release} has {one.left}, the embedded one {one.right}"
        for name in NAMES
        if name.startswith(f"{subject}/")
        for one in accepted.unexplained(name, release, found(name, release), KNOWN)
    ]
    assert not told, "\n".join(
        [*told, f"Hint: python -m tests.differential compare --sets '{subject}/*'"]
    )


def test_every_set_has_an_answer_of_every_release_and_every_answer_a_set() -> None:
    for release in golden.RECORDED:
        assert golden.names(release) == set(NAMES)


def test_there_are_enough_sets() -> None:
    assert len(NAMES) >= 250


@pytest.mark.parametrize("line", KNOWN, ids=[f"{one.sets} {one.place}" for one in KNOWN])
def test_what_is_accepted_still_occurs(line: accepted.Accepted) -> None:
    assert any(
        line.covers(name, release, difference)
        for release in golden.RECORDED
        for name in NAMES
        if line.covers_set(name, release)
        for difference in found(name, release)
    ), f"no difference needs this line any more: {line}"
