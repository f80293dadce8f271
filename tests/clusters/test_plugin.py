"""The options of the clusters plugin, as a user meets them."""

import dataclasses
import sys
from pathlib import Path

import pytest

from clusters.local.binaries import Binaries
from clusters.local.envoy import Binary
from clusters.local.place import Place
from clusters.release import find

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


@pytest.fixture
def without_binaries(monkeypatch, tmp_path):
    """Neither PATH nor the cache has istiod or its agent."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


@pytest.mark.usefixtures("without_binaries")
def test_an_istiod_that_is_nowhere_ends_the_run_with_the_command_that_gets_it(run):
    result = run("--control-plane=istiod", "--istio=1.31")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*no istiod of Istio 1.31 on this machine*", "*Hint:*binaries build --istio=1.31*"]
    )
    result.stdout.no_fnmatch_line("*passed*")


@pytest.mark.parametrize(("asked", "named"), [("1.9", "1.9.9"), ("1.21", "1.21")])
def test_an_agent_that_is_not_followed_is_refused_before_anything_is_looked_for(run, asked, named):
    result = run("--control-plane=istiod", f"--istio={asked}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"*pilot-agent of Istio {named}*state of the world*", "Hint: leave out --control-plane*"]
    )


def test_an_istiod_that_is_another_program_ends_the_run(run):
    result = run("--control-plane=istiod", "--istio=1.31", f"--istiod-bin={sys.executable}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is no istiod that runs here*", "*Hint: --istiod-bin=PATH*"])


MISPLACED = ["--istiod-bin=x", "--agent-bin=x", "--hub=r.test/istio", "--allow-version-skew"]


@pytest.mark.parametrize("option", MISPLACED)
def test_an_option_of_real_istio_says_so_under_the_embedded_one(run, option):
    result = run(option)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*choose a real control plane*", "*Hint: *--control-plane=istiod"])


def place(**differences):
    found = Binaries(
        istiod=Path("/i"),
        agent=Path("/a"),
        envoy=None,
        version="1.24.0",
        agent_version="1.24.0",
        origin="built with Go",
        istio_filters=False,
    )
    binary = Binary(Path("/e"), "1.40.0")
    return Place("1.24", find("1.24.0"), binary, dataclasses.replace(found, **differences))


def test_the_header_and_the_report_say_what_real_istio_runs():
    header, second = place().header
    assert header == "gateway: istio 1.24 (istiod 1.24.0, pilot-agent 1.24.0) on envoy 1.40.0 (/e)"
    assert "built with Go" in second
    assert "Istio's own filters off" in second
    assert place(istio_filters=True).header[1].endswith("Istio's own filters on")
    assert place(agent_version="1.23.6").facts == {
        "semantics": "istiod 1.24.0",
        "envoy": "1.40.0",
        "pilot-agent": "1.23.6",
        "binaries": "built with Go",
        "istio filters": "off: this Envoy has none of them",
    }


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
