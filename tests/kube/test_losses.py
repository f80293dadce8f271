"""However a cluster's gateway fails to come up, to go or in between: one message, and an end."""

import pytest

from tests.kube.failing import ERRORS

PLUGINS = ("reports.plugin", "bookinfo.plugin", "clusters.plugin")

PLACE = """
import pytest

from tests.kube.failing import Place


@pytest.fixture(scope="session")
def cluster_place():
    return Place({at!r}, {by!r})
"""
CHECKS = """
def test_first(cluster):
    cluster.reach("check")


def test_second(cluster):
    cluster.reach("check")


def test_third(cluster):
    cluster.reach("check")
"""


@pytest.fixture
def run(pytester):
    """A function that runs three checks with a cluster that fails at some time in some way."""

    def ran(at, by):
        pytester.makeconftest(PLACE.format(at=at, by=by))
        pytester.makepyfile(CHECKS)
        words = [word for plugin in PLUGINS for word in ("-p", plugin)]
        return pytester.runpytest(*words, "--report-dir=out")

    return ran


def told(result, by):
    """Return how often an error is told, outside the summary, which repeats the first line."""
    text = str(ERRORS[by]).splitlines()[0]
    output = result.stdout.str().partition("short test summary info")[0]
    assert ".py:" not in output, "a traceback leads into the code"
    return sum(line.removeprefix("E").strip() == text for line in output.splitlines())


@pytest.mark.parametrize("by", ERRORS)
def test_a_gateway_that_does_not_come_up_is_one_message_and_the_end(run, by):
    result = run("start", by)

    result.assert_outcomes(errors=1)
    assert told(result, by) == 1
    result.stdout.fnmatch_lines([f"*there is no gateway: {str(ERRORS[by]).splitlines()[0]}*"])
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("by", ["NoGateway"])
def test_a_gateway_that_is_gone_before_a_check_is_one_message_and_the_end(run, by):
    result = run("mark", by)

    result.assert_outcomes(passed=1, errors=1)
    assert told(result, by) == 1
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("by", ["NoDeployment", "Unreachable"])
def test_a_gateway_that_is_lost_in_a_check_is_one_message_and_the_end(run, by):
    result = run("check", by)

    result.assert_outcomes(failed=1)
    assert told(result, by) == 1
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("by", ["NotProven"])
def test_what_a_check_finds_out_itself_is_a_failure_of_that_check_alone(run, by):
    result = run("check", by)

    result.assert_outcomes(failed=3)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_gateway_that_does_not_go_is_one_message(run):
    result = run("end", "Refused")

    result.assert_outcomes(passed=3, errors=1)
    assert told(result, "Refused") == 1
    assert result.ret == pytest.ExitCode.INTERRUPTED
