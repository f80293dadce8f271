"""Runs that judge what a user brings: a module of no known contract, documents of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from filters import build, probes, sources

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "suites" / "delivery" / "published.yaml"


@pytest.fixture
def run(tmp_path):
    """A function that runs the delivery suite and returns exit code, output and report."""

    def judged(*options):
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "suites", "-q", f"--report-dir={tmp_path}", *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        report = tmp_path / "report.json"
        checks = json.loads(report.read_text())["checks"] if report.exists() else []
        return ended.returncode, ended.stdout, checks

    return judged


def verdicts(checks):
    """Return the verdicts of each requirement."""
    found: dict[str, set[str]] = {}
    for check in checks:
        for requirement in check["requirements"]:
            found.setdefault(requirement, set()).add(check["verdict"])
    return found


#: What is wrong with a module, and what the checks of any module say of it.
MODULES = {
    "trap": {"ANY-2": {"fail"}, "ANY-1": {"pass"}, "ANY-3": {"pass"}},
    "refuse": {"ANY-1": {"fail"}, "ANY-2": {"skipped"}, "ANY-7": {"skipped"}},
    "empty": {f"ANY-{number}": {"pass"} for number in range(1, 8)},
}


@pytest.mark.parametrize("probe", MODULES)
def test_a_module_of_no_contract_is_judged_by_what_holds_for_every_module(run, probe):
    module = build.compiled(probes.source(probe))

    code, output, checks = run(f"--filter={module.path}", "--contract=any")

    wanted = MODULES[probe]
    found = verdicts(checks)
    assert {requirement: found[requirement] for requirement in wanted} == wanted, output[-3000:]
    # Delivery, updates and isolation; what it takes of memory and adds to a request.
    assert {requirement.partition("-")[0] for requirement in found} == {"ANY", "RES", "LAT"}
    assert (code == pytest.ExitCode.OK) is (probe == "empty")


def auth():
    return build.build(next(s for s in sources.bundled() if s.label == "basic-auth cpp"))


def test_documents_of_the_users_own_are_judged_alone(run):
    module = auth()

    code, output, checks = run(
        f"--manifest={PUBLISHED}",
        f"--filter={module.path}",
        "--contract=any",
        "--istio=1.9",
        "-k",
        "manifest",
        "-v",
    )

    assert code == pytest.ExitCode.OK, output[-3000:]
    assert "stands in for http://release.solarmesh.cn/wasm/auth.wasm" in output
    assert {check["filter"] for check in checks} == {"manifest published.yaml"}
    assert verdicts(checks) == {f"ANY-{number}": {"pass"} for number in (1, 2, 3)}


def test_a_patch_that_the_release_ignores_fails_with_the_condition_that_failed(run):
    code, _, checks = run(f"--manifest={PUBLISHED}", "--istio=1.31")

    assert code == pytest.ExitCode.TESTS_FAILED
    assert len(checks) == 3, "the bundled filters are not judged where only documents are given"
    [failed] = [check for check in checks if check["verdict"] == "fail"]
    assert failed["requirements"] == ["ANY-1"]
    assert r"proxyVersion `^1\.9.*` does not match the proxy's version 1.31.0" in failed["actual"]


def test_a_module_that_cannot_be_fetched_fails_with_the_words_of_the_agent(run, tmp_path):
    manifest = tmp_path / "mine.yaml"
    # Nothing listens on the discard port of loopback.
    manifest.write_text(PUBLISHED.read_text().replace("release.solarmesh.cn", "127.0.0.1:9"))

    code, _, checks = run(f"--manifest={manifest}", "--istio=1.9")

    assert code == pytest.ExitCode.TESTS_FAILED
    [failed] = [check for check in checks if check["verdict"] == "fail"]
    assert "cannot fetch Wasm module http://127.0.0.1:9/wasm/auth.wasm" in failed["actual"]
    assert "Hint: with --filter=FILE.wasm" in failed["actual"]
