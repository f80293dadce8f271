"""Which checks run by their requirement, and what the catalogue must hold."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reports.conftest import Run, saved

Suite = Callable[..., Path]
RULES = "suites/requirements.toml"


@pytest.mark.parametrize(
    ("rules", "ran"),
    [
        (["AUTH-2"], ["test_missing_credentials"]),
        (["AUTH-1,AUTH-9"], ["test_right_credentials", "test_realm_is_quoted"]),
        (["AUTH-1", "AUTH-2"], ["test_right_credentials", "test_missing_credentials"]),
        (
            ["AUTH-*"],
            ["test_right_credentials", "test_missing_credentials", "test_realm_is_quoted"],
        ),
    ],
    ids=["one", "comma", "repeated", "glob"],
)
def test_rule_selects_checks_and_deselects_the_rest(
    run: Run, suite: Suite, rules: list[str], ran: list[str]
) -> None:
    suite()
    result = run("-v", *(f"--rule={rule}" for rule in rules))

    result.assert_outcomes(passed=len(ran), deselected=4 - len(ran))
    result.stdout.fnmatch_lines([f"*::{name} PASSED*" for name in ran])


@pytest.mark.parametrize("rule", ["AUTH-22", "auth-2", "AUTH-2,AUT-*"])
def test_an_unknown_rule_is_a_usage_error_with_near_matches(
    run: Run, suite: Suite, rule: str
) -> None:
    suite()
    result = run(f"--rule={rule}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --rule: unknown requirement *{RULES}; did you mean*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.parametrize(
    ("marker", "named"),
    [
        ('"AUTH-22"', "unknown requirement 'AUTH-22' among the 4 *did you mean AUTH-2*"),
        ("3", "unknown requirement '3' among the 4 *"),
        ("", "requirement() takes one or more ids and nothing else"),
        ('"AUTH-1", level="core"', "requirement() takes one or more ids and nothing else"),
    ],
    ids=["unknown", "number", "empty", "keyword"],
)
def test_a_wrong_marker_is_a_collection_error_that_names_the_test(
    run: Run, suite: Suite, marker: str, named: str
) -> None:
    suite(more=f"@pytest.mark.requirement({marker})\ndef test_wrong(): pass\n")
    result = run()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"suites/test_auth.py::test_wrong: {named}"])


def test_a_wrong_catalogue_is_one_usage_error(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite()
    path = pytester.path / RULES
    path.write_text(path.read_text().replace('"hardened"', '"should"'))
    result = run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {path}: [[]AUTH-9[]] level: Input should be *"])


def test_without_a_catalogue_only_tests_without_requirements_run(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    (pytester.path / RULES).unlink()
    pytester.makepyfile("def test_plain(): pass")
    plain = run()
    suite()
    marked = run()

    assert plain.ret == 0
    plain.stdout.no_fnmatch_line("*conformance*")
    assert marked.ret == pytest.ExitCode.INTERRUPTED
    marked.stdout.fnmatch_lines(["*unknown requirement 'AUTH-1': there is no catalogue at *"])


def test_the_catalogue_may_be_elsewhere(run: Run, suite: Suite, pytester: pytest.Pytester) -> None:
    suite()
    (pytester.path / RULES).rename(pytester.path / "rules.toml")

    assert run("-o", "requirements=rules.toml").ret == 0


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        ([], True),
        (["suites"], True),
        (["suites/test_auth.py"], False),
        (["-k", "credentials or realm"], False),
    ],
    ids=["all", "folder", "file", "keyword"],
)
def test_only_a_full_run_names_requirements_that_nobody_checked(
    run: Run, suite: Suite, out: Path, arguments: list[str], seen: bool
) -> None:
    suite()
    result = run(*arguments)

    assert ("not checked: HDR-1" in result.stdout.lines) is seen
    ids = [each["id"] for each in saved(out)["requirements"]]
    assert ids == ["AUTH-1", "AUTH-2", "AUTH-9"] + ["HDR-1"] * seen


@pytest.mark.parametrize(
    ("bound", "release", "seen"),
    [
        ('since = "1.12"', "1.9.9", False),
        ('since = "1.12"', "1.12.0", True),
        ('until = "1.12"', "1.13.1", False),
        ('until = "1.12"', "1.12.9", True),
        ('since = "1.12"', "1.9.9, 1.31.0", True),
    ],
)
def test_a_requirement_of_another_release_is_no_hole(
    run: Run, suite: Suite, pytester: pytest.Pytester, bound: str, release: str, seen: bool
) -> None:
    suite()
    with (pytester.path / RULES).open("a") as catalogue:
        catalogue.write(bound)
    pytester.makeconftest(
        f"def pytest_conformance_facts(config): return {{'istio': {release!r}}}\n"
    )

    assert ("not checked: HDR-1" in run().stdout.lines) is seen
