"""What the checks expect, row by row, is what the oracle says, at the level of its requirement."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from bookinfo.routes import ECHO_HOST
from suites.basic_auth import (
    configurations,
    model,
    test_authorization,
    test_credentials,
    test_hosts,
    test_paths,
    test_rules,
)
from suites.basic_auth.model import Request, Verdict, authorization, expected
from suites.headers import test_configuration as header_configurations

SUITES = Path(model.__file__).parents[1]
LEVELS = {
    requirement: table["level"]
    for requirement, table in tomllib.loads((SUITES / "requirements.toml").read_text()).items()
}
PUBLIC = {test_paths.DENIED: Verdict.CHALLENGE, test_paths.PASSED: Verdict.PASS}


def path_rows() -> Iterator[Any]:
    """Requirement, path and expectation of each check of paths."""
    for name, check in vars(test_paths).items():
        if not isinstance(check, FunctionType) or not name.startswith("test_"):
            continue
        marks = {mark.name: mark.args for mark in getattr(check, "pytestmark", ())}
        becomes = test_paths.PASSED if "PASSED" in check.__code__.co_names else test_paths.DENIED
        for path in marks["parametrize"][1]:
            yield pytest.param(*marks["requirement"], path, PUBLIC[becomes], id=f"{name}-{path}")


PATHS = list(path_rows())


def test_every_check_of_paths_is_here() -> None:
    assert len(PATHS) > 90


@pytest.mark.parametrize(("requirement", "path", "verdict"), PATHS)
def test_a_check_of_paths_agrees(requirement: str, path: str, verdict: Verdict) -> None:
    found, level = expected(test_paths.RULES, Request("GET", path, ECHO_HOST))

    assert found is verdict
    # A gateway undoes some disguises itself, so that upstream too may deny them.
    assert level in {LEVELS[requirement], "core"}


@pytest.mark.parametrize(
    ("requirement", "path", "host", "verdict"),
    [
        (requirement, path, host, PUBLIC[becomes])
        for requirement, table in test_hosts.HOSTS.items()
        for (path, host), becomes in table.items()
    ],
)
def test_a_check_of_hosts_agrees(requirement: str, path: str, host: str, verdict: Verdict) -> None:
    answer = expected(test_hosts.RULES, Request("GET", path, host))

    assert answer == (verdict, LEVELS[requirement])


SENT = test_authorization.MALFORMED | {
    name: authorization(*pair) for name, pair in test_credentials.CLOSE.items()
}


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_credentials_that_must_fail_fail(sent: str) -> None:
    answer = expected(test_credentials.RULES, Request("GET", "/productpage", authorization=sent))

    assert answer == (Verdict.CHALLENGE, "core")


@pytest.mark.parametrize(
    ("listed", "sent"), test_credentials.CLOSE_TO.values(), ids=test_credentials.CLOSE_TO
)
def test_credentials_close_to_unusual_ones_fail(listed: str, sent: tuple[str, str] | str) -> None:
    value = sent if isinstance(sent, str) else authorization(*sent)
    rules = configurations.protecting(credentials=[listed])

    answer = expected(rules, Request("GET", "/productpage", authorization=value))

    assert answer == (Verdict.CHALLENGE, "core")


@pytest.mark.parametrize("user", test_rules.USERS)
@pytest.mark.parametrize("path", test_rules.EVERY_RULE)
def test_who_gets_in_agrees(path: str, user: str) -> None:
    verdict, level = test_rules.expectation("GET", path, user)

    assert level == "core"
    assert (verdict is Verdict.PASS) is (user in test_rules.EVERY_RULE[path])


@pytest.mark.parametrize(
    "tables",
    [
        (configurations.BROKEN, configurations.OPEN, configurations.HOLLOW),
        (
            header_configurations.BROKEN,
            header_configurations.MEANINGLESS,
            header_configurations.HARMFUL,
        ),
    ],
    ids=["basic-auth", "headers"],
)
def test_no_bad_configuration_is_there_twice(tables: tuple[dict[str, str], ...]) -> None:
    # Envoy acknowledges refused bytes that come twice, so each must come once.
    texts = [text for table in tables for text in table.values()]

    assert len(set(texts)) == len(texts)


def test_every_requirement_has_a_check() -> None:
    checks = "\n".join(path.read_text() for path in SUITES.glob("*/test_*.py"))
    ours = {name for name in LEVELS if name.startswith(("HDR-", "AUTH-"))}

    assert {name for name in ours if f'"{name}"' not in checks} == set()
