"""The options of the clusters plugin, as a user meets them."""

import pytest

ARGS = ("-p", "reports.plugin", "-p", "bookinfo.plugin", "-p", "clusters.plugin")


@pytest.fixture
def run(pytester):
    pytester.makepyfile("def test_nothing(): pass")
    return lambda *options: pytester.runpytest(*ARGS, *options)


HEADERS = {
    "1.9": "istio 1.9 (embedded semantics) on envoy 1.40.0",
    "1.9.9": "istio 1.9.9 (embedded semantics) on envoy 1.40.0",
    "latest": "istio 1.31 (embedded semantics) on envoy 1.40.0",
}


@pytest.mark.parametrize("asked", HEADERS)
def test_the_header_says_what_was_asked_and_what_runs(run, asked):
    run(f"--istio={asked}").stdout.fnmatch_lines([f"*{HEADERS[asked]}*"])


@pytest.mark.parametrize("asked", ["1.99", "1,9", "lates", "1.9.x", "v1.9", "", "1.9.10"])
def test_an_unknown_release_is_a_usage_error_that_lists_the_known(run, asked):
    result = run(f"--istio={asked}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unknown Istio release*1.9, 1.10*1.31*"])


def test_an_unknown_place_is_a_usage_error_that_lists_the_known(run):
    result = run("--cluster=kindd")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--cluster*'kindd'*local*"])


def test_an_envoy_that_is_not_there_ends_the_run_before_the_first_test(run):
    result = run("--proxy=/no/such/envoy")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--proxy=/no/such/envoy is no Envoy*", "*Hint:*"])
    result.stdout.no_fnmatch_line("*passed*")


def test_the_options_stand_under_a_heading_of_their_own(run):
    run("--help").stdout.fnmatch_lines(["where the filter runs:", "*--cluster*", "*--istio*"])


MANIFEST = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: mine, namespace: istio-system}
spec:
  configPatches:
    - applyTo: HTTP_FILTER
      match: {context: GATEWAY}
      patch: {operation: INSERT_FIRST, value: {name: mine}}
"""
JUDGING = """
def test_documents(given_manifest):
    assert given_manifest.documents[0].name == "mine"

def test_other():
    pass
"""


def test_a_manifest_is_named_and_at_hand(run, pytester):
    pytester.makefile(".yaml", mine=MANIFEST)
    pytester.makepyfile(JUDGING)

    result = run("--manifest=mine.yaml", "-k", "documents")

    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["manifest: EnvoyFilter istio-system/mine", "  Istio warns: *"])


def test_without_a_manifest_its_checks_do_not_belong_to_the_run(run, pytester):
    pytester.makepyfile(JUDGING)

    run().assert_outcomes(passed=1)


def test_the_checks_of_a_manifest_alone_say_what_they_lack(run, pytester):
    pytester.makepyfile(JUDGING.split("def test_other")[0])

    result = run("-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*no manifest to judge*", "Hint: --manifest=FILE_OR_DIR"])


def test_a_wrong_manifest_ends_the_run_before_the_first_test(run, pytester):
    pytester.makefile(".yaml", mine="kind: EnvoyFiltr")

    result = run("--manifest=mine.yaml")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--manifest: mine.yaml:1: unknown kind 'EnvoyFiltr'*"])
    result.stdout.no_fnmatch_line("*passed*")
