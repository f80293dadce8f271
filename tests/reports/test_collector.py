from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from reports.catalogue import Catalogue
from reports.collector import Collector
from reports.model import Check
from tests.reports.sample import REQUIREMENTS

CATALOGUE = Catalogue(Path("requirements.toml"), {each.id: each for each in REQUIREMENTS})
RULE = ("requirement", "AUTH-1")


@dataclass
class Phase:
    when: str
    outcome: str = "passed"
    longrepr: object = None
    user_properties: list[tuple[str, object]] = field(default_factory=lambda: [RULE])
    duration: float = 0.5
    nodeid: str = "suites/test_auth.py::test_it"


def crash(message: str) -> SimpleNamespace:
    return SimpleNamespace(reprcrash=SimpleNamespace(message=message))


def collected(*phases: Phase) -> tuple[Check, ...]:
    collector = Collector()
    for phase in phases:
        collector.add(phase)
    return collector.checks(CATALOGUE, folder=Path("/run/reports/out"))


def test_a_failure_stays_one_when_its_teardown_breaks_too() -> None:
    (check,) = collected(
        Phase("setup"),
        Phase("call", "failed", crash("assert 200 == 401")),
        Phase("teardown", "failed", crash("OSError: gone")),
    )

    assert (check.verdict, check.message) == ("fail", "assert 200 == 401")
    assert (check.expected, check.actual) == ("401", "200")


def test_what_a_plugin_noted_in_one_phase_is_kept_over_the_next() -> None:
    (check,) = collected(
        Phase("setup", user_properties=[RULE, ("filter", "basic-auth cpp")]),
        Phase("call", user_properties=[RULE, ("curl", "curl -i")]),
        Phase("teardown", user_properties=[RULE, ("evidence", "evidence/x")]),
    )

    assert (check.filter, check.curl, check.evidence) == ("basic-auth cpp", "curl -i", "evidence/x")


def test_the_seconds_of_a_check_are_those_of_its_phases() -> None:
    (check,) = collected(Phase("setup"), Phase("call"), Phase("teardown"))

    assert check.seconds == 1.5


def test_a_check_that_never_came_to_its_end_has_no_verdict() -> None:
    assert collected(Phase("setup")) == ()


@pytest.mark.parametrize(
    ("noted", "relative"),
    [
        ("/run/reports/out/evidence/x", "evidence/x"),
        ("/run/elsewhere/x", "../../elsewhere/x"),
        ("evidence/x", "evidence/x"),
        ("", ""),
    ],
)
def test_evidence_is_found_from_the_folder_of_the_report(noted: str, relative: str) -> None:
    (check,) = collected(Phase("call", user_properties=[RULE, ("evidence", noted)]))

    assert check.evidence == relative


def test_a_known_failure_is_skipped_with_its_reason() -> None:
    (check,) = collected(Phase("call", "skipped", crash("assert False")))

    assert (check.verdict, check.message) == ("skipped", "assert False")


def test_every_reason_for_an_incomplete_run_is_named() -> None:
    collector = Collector()
    collector.add(Phase("setup", "failed", nodeid="a"))
    collector.add(Phase("setup", "failed", nodeid="b"))
    collector.add(Phase("???", "failed", nodeid="c"))

    assert collector.why_incomplete("interrupted") == (
        "interrupted; 2 checks ended in an error; a worker crashed in c"
    )
    assert Collector().why_incomplete("") == ""
