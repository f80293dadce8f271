import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.reports.conftest import Run

Suite = Callable[..., Path]
FILES = ["junit.xml", "report.html", "report.json", "report.md"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_named_folder_gets_every_form_of_the_report(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite(auth_9="bare")
    run("--report-dir=found/here")

    folder = pytester.path / "found" / "here"
    assert names(folder) == FILES
    assert "AUTH-9" in (folder / "report.md").read_text()
    assert "AUTH-9" in (folder / "report.html").read_text()


def test_junit_carries_requirement_and_filter_and_knows_what_is_not_judged(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite(auth_1=500, auth_9="bare")
    run("--report-dir=found")

    junit = ElementTree.parse(pytester.path / "found" / "junit.xml").getroot()
    properties = {
        case.attrib["name"]: {(each.attrib["name"], each.attrib["value"]) for each in case[0]}
        for case in junit.iter("testcase")
        if case.find("properties") is not None
    }
    assert {("requirement", "AUTH-1"), ("filter", "basic-auth cpp")} <= properties[
        "test_right_credentials"
    ]
    (total,) = junit.iter("testsuite")
    assert (total.attrib["failures"], total.attrib["skipped"]) == ("1", "1")
    (skipped,) = junit.iter("skipped")
    assert skipped.attrib["message"] == "below level: hardened is not judged by --level=core"


def test_a_junit_path_of_the_user_is_kept(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite()
    run("--report-dir=found", "--junitxml=mine.xml")

    assert (pytester.path / "mine.xml").exists()
    assert names(pytester.path / "found") == [each for each in FILES if each != "junit.xml"]


def test_the_default_folder_gets_no_junit(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite()
    run()

    assert names(pytester.path / "reports" / "out") == FILES[1:]


def test_the_folder_is_absolute_for_other_plugins_wherever_the_run_starts(
    run: Run, suite: Suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = suite()
    (path.parent / "conftest.py").write_text(
        "def pytest_conformance_facts(config): return {'folder': config.option.report_dir}\n"
    )
    monkeypatch.chdir(path.parent)
    run()
    run("--report-dir=mine")

    default, given = pytester.path / "reports" / "out", path.parent / "mine"
    for folder in (default, given):
        assert json.loads((folder / "report.json").read_text())["facts"]["folder"] == str(folder)


def test_a_named_folder_that_cannot_be_made_stops_the_run_before_the_first_test(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite()
    (pytester.path / "taken").write_text("a file")
    result = run("--report-dir=taken")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--report-dir=*taken: cannot make this folder: File exists"])
    result.stdout.no_fnmatch_line("*passed*")


@pytest.mark.parametrize("arguments", [(), ("-q",)], ids=["normal", "quiet"])
def test_a_report_that_cannot_be_written_is_one_line_and_fails_the_run(
    run: Run, suite: Suite, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    suite()
    (pytester.path / "reports").write_text("a file where the folder should be")
    result = run(*arguments)

    assert result.ret == 1
    result.assert_outcomes(passed=4)
    folder = pytester.path / "reports" / "out"
    result.stdout.fnmatch_lines([f"cannot write the report to {folder}: Not a directory"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_a_run_asked_for_a_report_leaves_one_even_if_nothing_was_checked(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite(more="import there_is_no_such_module\n")
    result = run("--report-dir=found")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    report = json.loads((pytester.path / "found" / "report.json").read_text())
    assert (report["verdict"], report["checks"]) == ("invalid", [])


def test_collecting_only_writes_nothing(run: Run, suite: Suite, pytester: pytest.Pytester) -> None:
    suite()
    result = run("--collect-only", "--report-dir=found")

    assert result.ret == 0
    assert "report.json" not in names(pytester.path / "found")
    result.stdout.no_fnmatch_line("*conformance*")


def test_hostile_answers_reach_every_file_as_text(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite(
        more=r"""
@pytest.mark.requirement("AUTH-1")
def test_hostile(record_property):
    record_property("actual", "<script>alert(1)</script>\x1b[31m\udcff\x00")
    assert False
"""
    )
    result = run("--report-dir=found")

    folder = pytester.path / "found"
    assert json.loads((folder / "report.json").read_text())["checks"][0]["actual"] == (
        r"<script>alert(1)</script>\x1b[31m\udcff\x00"
    )
    assert "<script" not in (folder / "report.html").read_text()
    assert "<script" not in (folder / "junit.xml").read_text()
    result.stdout.fnmatch_lines([r"  actual    <script>alert(1)</script>\x1b[[]31m\udcff\x00"])
