from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reports.conftest import Run, saved

Suite = Callable[..., Path]


def test_a_passing_run_ends_in_its_verdict_and_the_paths_of_the_report(
    run: Run, suite: Suite
) -> None:
    suite(more='@pytest.mark.requirement("HDR-1")\ndef test_header(): pass\n')
    result = run()

    assert result.ret == 0
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(
        [
            "*= conformance =*",
            "basic-auth cpp · core 3/3 · hardened 1/1",
            "PASS: basic-auth cpp passes 3 of 3 core checks",
            "reports/out/report.json",
            "reports/out/report.md",
            "reports/out/report.html",
        ]
    )
    result.stdout.no_fnmatch_line("*not checked*")


def test_a_failure_names_requirement_expectation_and_curl(run: Run, suite: Suite) -> None:
    suite(auth_2=200)
    result = run()

    assert result.ret == 1
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- Requirement -*",
            "AUTH-2: Missing credentials are answered 401.",
            "basic-auth cpp · core 1/2 · hardened 1/1",
            "FAIL AUTH-2 · core · basic-auth cpp",
            "  Missing credentials are answered 401.",
            "  expected  200",
            "  actual    401",
            "  curl      curl -i http://127.0.0.1:1/",
            "  check     suites/test_auth.py::test_missing_credentials",
            "FAIL: basic-auth cpp passes 1 of 2 core checks",
        ]
    )


def test_what_the_run_knows_of_a_check_is_kept(run: Run, suite: Suite, out: Path) -> None:
    suite(
        more=f"""
@pytest.mark.requirement("AUTH-2")
def test_with_evidence(record_property):
    record_property("expected", "a challenge")
    record_property("actual", "none")
    record_property("release", "1.9.9")
    record_property("evidence", {str(out / "evidence" / "x")!r})
    assert 1 == 2
"""
    )
    run()

    (check,) = [each for each in saved(out)["checks"] if each["verdict"] == "fail"]
    assert check.pop("seconds") >= 0
    assert check == {
        "nodeid": "suites/test_auth.py::test_with_evidence",
        "requirements": ["AUTH-2"],
        "level": "core",
        "filter": "basic-auth cpp",
        "release": "1.9.9",
        "proxy": "",
        "verdict": "fail",
        "message": "assert 1 == 2",
        "expected": "a challenge",
        "actual": "none",
        "curl": "curl -i http://127.0.0.1:1/",
        "evidence": "evidence/x",
        "claim": "",
        "measured": "",
    }


def test_a_failure_below_the_level_is_shown_apart_and_does_not_fail_the_run(
    run: Run, suite: Suite, out: Path
) -> None:
    suite(auth_9="bare")
    result = run("-v")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "suites/test_auth.py::test_realm_is_quoted BELOW LEVEL *",
            "basic-auth cpp · core 2/2 · hardened 0/1",
            "below level, not judged: basic-auth cpp · hardened: AUTH-9",
            "PASS: basic-auth cpp passes 2 of 2 core checks",
            "*= 3 passed, 1 below level in *",
        ]
    )
    (check,) = [each for each in saved(out)["checks"] if each["requirements"] == ["AUTH-9"]]
    assert (check["verdict"], check["expected"]) == ("fail", "'bare'")


@pytest.mark.parametrize(("level", "code"), [("core", 0), ("hardened", 1), ("compat", 1)])
def test_level_says_whose_failures_fail_the_run(
    run: Run, suite: Suite, out: Path, level: str, code: int
) -> None:
    suite(auth_9="bare")

    assert run(f"--level={level}").ret == code
    assert saved(out)["verdict"] == ("fail" if code else "pass")
    assert saved(out)["level"] == level


def test_core_failures_fail_the_run_at_every_level(run: Run, suite: Suite) -> None:
    suite(auth_1=500)

    assert [run(f"--level={level}").ret for level in ("core", "hardened", "compat")] == [1, 1, 1]


def test_an_unknown_level_is_a_usage_error(run: Run, suite: Suite) -> None:
    suite()

    assert run("--level=must").ret == pytest.ExitCode.USAGE_ERROR


def test_a_test_of_several_requirements_has_the_strictest_level(
    run: Run, suite: Suite, out: Path
) -> None:
    suite(
        more="""
pytestmark = pytest.mark.requirement("AUTH-9")

@pytest.mark.requirement("AUTH-9", "AUTH-2")
def test_both(): assert False
"""
    )

    assert run().ret == 1
    (check,) = [each for each in saved(out)["checks"] if each["verdict"] == "fail"]
    assert check["requirements"] == ["AUTH-9", "AUTH-2"]
    assert check["level"] == "core"


def test_an_error_in_setup_counts_at_every_level_and_is_no_verdict_on_the_filter(
    run: Run, suite: Suite, out: Path
) -> None:
    suite(
        more="""
@pytest.fixture
def gate():
    raise RuntimeError("Envoy refused version 3")

@pytest.mark.requirement("AUTH-9")
def test_behind_the_gate(gate): pass
"""
    )
    result = run()

    assert result.ret == 1
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(
        [
            "basic-auth cpp · core 2/2 · hardened 1/1 · 1 invalid",
            "INVALID basic-auth cpp · 1 check gave no valid result",
            "  rules     AUTH-9",
            "  message   RuntimeError: Envoy refused version 3",
            "INVALID: *; incomplete: 1 check ended in an error",
        ]
    )
    assert saved(out)["verdict"] == "invalid"


def test_an_error_in_teardown_takes_back_a_pass(run: Run, suite: Suite, out: Path) -> None:
    suite(
        more="""
@pytest.fixture
def restored():
    yield
    raise RuntimeError("the old configuration did not come back")

@pytest.mark.requirement("AUTH-1")
def test_restores(restored): pass
"""
    )

    assert run().ret == 1
    (check,) = [each for each in saved(out)["checks"] if each["verdict"] != "pass"]
    assert (check["verdict"], check["message"]) == (
        "invalid",
        "RuntimeError: the old configuration did not come back",
    )


def test_a_skip_is_counted_apart_with_its_reason(run: Run, suite: Suite, out: Path) -> None:
    suite(
        more="""
@pytest.fixture
def toolchain():
    pytest.skip("cargo not on PATH")

@pytest.mark.requirement("AUTH-1")
def test_needs_a_toolchain(toolchain): pass
"""
    )
    result = run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["basic-auth cpp · core 2/2 · hardened 1/1 · 1 skipped"])
    (check,) = [each for each in saved(out)["checks"] if each["verdict"] == "skipped"]
    assert check["message"] == "cargo not on PATH"


@pytest.mark.parametrize("verdict", ["inconclusive", "invalid"])
def test_a_measurement_may_skip_itself_as_without_result(
    run: Run, suite: Suite, out: Path, verdict: str
) -> None:
    suite(
        more=f"""
@pytest.mark.requirement("AUTH-1")
def test_measures(record_property):
    record_property("verdict", {verdict!r})
    pytest.skip("the machine is too noisy")
"""
    )
    result = run()

    assert result.ret == 0
    result.stdout.fnmatch_lines([f"basic-auth cpp · core 2/2 · hardened 1/1 · 1 {verdict}"])
    assert saved(out)["verdict"] == "pass"


def test_a_property_cannot_talk_a_failure_away(run: Run, suite: Suite, out: Path) -> None:
    suite(
        more="""
@pytest.mark.requirement("AUTH-1")
def test_measures(record_property):
    record_property("verdict", "inconclusive")
    assert False
"""
    )

    assert run().ret == 1
    assert saved(out)["verdict"] == "fail"


def test_quiet_prints_only_the_verdict_lines(run: Run, suite: Suite) -> None:
    suite(auth_9="bare")
    result = run("-q")

    dots, verdict, total = result.stdout.lines
    assert dots.startswith("..b.")
    assert verdict == "basic-auth cpp · core 2/2 · hardened 0/1"
    assert total.startswith("3 passed, 1 below level in ")


def test_tests_without_requirements_leave_no_section_and_no_report(
    run: Run, pytester: pytest.Pytester, out: Path
) -> None:
    pytester.makepyfile("def test_plain(): assert False")
    result = run()

    assert result.ret == 1
    result.stdout.no_fnmatch_line("*conformance*")
    assert not out.exists()


def test_facts_of_all_plugins_are_merged_and_quoted(
    run: Run, suite: Suite, pytester: pytest.Pytester, out: Path
) -> None:
    suite()
    pytester.makeconftest(
        "def pytest_conformance_facts(config):\n"
        "    return {'istio': '1.9.9', 'semantics': 'embedded', 'envoy': '1.40.0'}\n"
    )
    result = run()

    result.stdout.fnmatch_lines(["PASS: * on Istio 1.9.9 (embedded semantics), Envoy 1.40.0"])
    assert {"istio", "semantics", "envoy", "python", "platform"} == set(saved(out)["facts"])


def test_a_run_cut_short_is_no_pass(run: Run, suite: Suite, out: Path) -> None:
    suite(more="def test_stop(): pytest.exit('enough')\ndef test_never(): pass\n")
    run()

    assert saved(out)["verdict"] == "invalid"
    assert saved(out)["incomplete"] == "interrupted"


def test_a_run_that_stops_at_the_first_failure_says_so(run: Run, suite: Suite, out: Path) -> None:
    suite(auth_1=500)
    result = run("-x")

    assert saved(out)["incomplete"] == "stopping after 1 failures"
    result.stdout.no_fnmatch_line("not checked: *")


def test_other_plugins_see_a_failure_below_the_level_as_the_failure_it_is(
    run: Run, suite: Suite, pytester: pytest.Pytester, out: Path
) -> None:
    suite(auth_9="bare")
    pytester.makeconftest(
        """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    if report.failed:
        report.user_properties.append(("evidence", "evidence/x"))
    return report
"""
    )

    assert run().ret == 0
    (check,) = [each for each in saved(out)["checks"] if each["verdict"] == "fail"]
    assert check["evidence"] == "evidence/x"


def test_a_claim_is_measured_by_a_check_and_reported(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_claims="""
        import pytest

        @pytest.mark.requirement("AUTH-1")
        @pytest.mark.claim("A filter costs little.")
        def test_cost(record_property):
            record_property("measured", "3 MB")
        """
    )

    result = run("test_claims.py")

    result.stdout.fnmatch_lines(["A filter costs little.", "  holds * 3 MB"])
