"""A small project of its own for each plugin test: a catalogue, and checks that end as asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CATALOGUE = """
[AUTH-1]
sentence = "Right credentials reach the backend."
level = "core"
contract = "basic-auth"
source = "section 1"

[AUTH-2]
sentence = "Missing credentials are answered 401."
level = "core"
contract = "basic-auth"
source = "section 2"

[AUTH-9]
sentence = "The realm is quoted."
level = "hardened"
contract = "basic-auth"
source = "section 9"

[HDR-1]
sentence = "The header is on every answer."
level = "core"
contract = "headers"
source = "section 3"
"""

SUITE = """
import pytest

@pytest.fixture(autouse=True)
def filtered(record_property):
    record_property("filter", "basic-auth cpp")
    record_property("curl", "curl -i http://127.0.0.1:1/")

@pytest.mark.requirement("AUTH-1")
def test_right_credentials():
    assert 200 == {auth_1}

@pytest.mark.requirement("AUTH-2")
def test_missing_credentials():
    assert 401 == {auth_2}

@pytest.mark.requirement("AUTH-9")
def test_realm_is_quoted():
    assert "quoted" == {auth_9!r}

def test_nothing_to_do_with_the_catalogue():
    pass
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest with no installed plugin but this one, in a folder with the catalogue."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nfilterwarnings = error\njunit_family = xunit1\n")
    suites = pytester.mkdir("suites")
    (suites / "requirements.toml").write_text(CATALOGUE)
    plugins = ("-p", "reports.plugin", "-p", "no:cacheprovider")

    def run_pytest(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(*plugins, *arguments)

    return run_pytest


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Write the suite; AUTH-1, AUTH-2 and AUTH-9 hold unless given another outcome."""

    def write(
        *, auth_1: int = 200, auth_2: int = 401, auth_9: str = "quoted", more: str = ""
    ) -> Path:
        path = pytester.path / "suites" / "test_auth.py"
        path.write_text(SUITE.format(auth_1=auth_1, auth_2=auth_2, auth_9=auth_9) + more)
        return path

    return write


@pytest.fixture
def out(pytester: pytest.Pytester) -> Path:
    return pytester.path / "reports" / "out"


def saved(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report
