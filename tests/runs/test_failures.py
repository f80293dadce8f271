"""What a failing check leaves for the reader: the reply, a command, an evidence folder."""

from pathlib import Path

import pytest

PLUGINS = ("reports.plugin", "filters.plugin", "bookinfo.plugin", "clusters.plugin")
ARGS = [word for plugin in PLUGINS for word in ("-p", plugin)]

CATALOGUE = """
[X-1]
sentence = "The product page is a teapot."
level = "core"
contract = "any"
source = "RFC 2324"
"""
FAILING = """
import pytest

@pytest.mark.requirement("X-1")
def test_teapot(gateway):
    reply = gateway.send("PUT", "/productpage", headers=[("x-quote", "it's")], auth=("a", "b"))
    assert reply.status == 418

def test_passes(gateway):
    assert gateway.send("GET", "/productpage").status == 200
"""


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makeini("[pytest]\nrequirements = rules.toml\n")
    pytester.makefile(".toml", rules=CATALOGUE)
    pytester.makepyfile(test_it=FAILING)
    return pytester.runpytest_subprocess(*ARGS, "-p", "no:randomly", "--report-dir=out")


def test_the_failure_is_shown_with_reply_command_requirement_and_evidence(run):
    run.stdout.fnmatch_lines(
        [
            "*assert 200 == 418*",
            "*<Reply 200 to: curl -i --path-as-is --max-time 10 -X PUT -H *",
            "*- Evidence -*",
            "*out/evidence/test_it.py-test_teapot*",
            "*- Reproduce -*",
            "curl -i *'authorization: Basic YTpi'* http://127.0.0.1:*/productpage",
            "*X-1: The product page is a teapot.*",
        ]
    )


def test_evidence_is_kept_for_the_failed_check_only(run, pytester):
    [folder] = (pytester.path / "out" / "evidence").iterdir()

    assert folder.name.startswith("test_it.py-test_teapot")
    exchanges = (folder / "exchanges.txt").read_text()
    assert exchanges.count("curl -i") == 1, "the other check's exchange is none of this one's"
    assert "> PUT /productpage" in exchanges
    assert "< 200" in exchanges
    assert (folder / "config_dump.json").stat().st_size > 10_000
    assert "kind: Gateway" in (folder / "documents.yaml").read_text()


def test_a_second_run_clears_the_first_ones_evidence_and_nothing_else(run, pytester):
    kept = pytester.path / "out" / "evidence" / "mine" / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("keep me")
    pytester.runpytest_subprocess(*ARGS, "--report-dir=out", "-k", "passes")

    assert [path.name for path in (pytester.path / "out" / "evidence").iterdir()] == ["mine"]
    assert kept.exists()


def test_evidence_that_cannot_be_kept_costs_no_verdict(run, pytester):
    blocked = pytester.path / "blocked"
    blocked.mkdir()
    (blocked / "evidence").write_text("a file where the folder should be")

    result = pytester.runpytest_subprocess(*ARGS, "--report-dir=blocked", "-k", "teapot")

    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*- Evidence -*", "could not be kept: *"])
