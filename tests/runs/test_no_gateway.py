"""Runs whose gateway does not start, or is gone in the middle: told once, and judged invalid."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NEVER_STARTS = """#!/bin/sh
case "$*" in *--version*) echo "envoy  version: 0/1.40.0/Clean/RELEASE/BoringSSL"; exit 0;; esac
echo "no such option in this build"
exit 3
"""

DIES = """
import os
import signal


def test_the_proxy_is_killed(cluster):
    os.kill(int(cluster.process.removeprefix("pid ")), signal.SIGKILL)


def test_what_comes_next(gateway):
    assert gateway.send("GET", "/productpage").status == 200


def test_and_after_that(gateway):
    assert gateway.send("GET", "/productpage").status == 200
"""


@pytest.fixture
def run(tmp_path):
    """A function that runs checks and returns the exit code and all that was printed."""

    def ran(*arguments):
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments, f"--report-dir={tmp_path / 'out'}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout

    return ran


def test_an_envoy_that_does_not_start_ends_the_run_with_one_message(run, tmp_path):
    envoy = tmp_path / "envoy"
    envoy.write_text(NEVER_STARTS)
    envoy.chmod(0o755)

    code, output = run("suites/headers", "--language=cpp", f"--proxy={envoy}")
    assert code == 2
    assert "no such option in this build" in output
    assert "there is no gateway: Envoy ended by itself (exit code 3)" in output
    assert "1 error in" in output
    assert "INVALID: " in output


def test_a_proxy_that_is_gone_is_no_failure_of_every_later_check(run, tmp_path):
    checks = tmp_path / "test_dies.py"
    checks.write_text(DIES)

    plugins = ("reports.plugin", "filters.plugin", "bookinfo.plugin", "clusters.plugin")
    code, output = run(
        *(word for plugin in plugins for word in ("-p", plugin)), "-p", "no:randomly", str(checks)
    )
    assert code == 2
    assert "1 passed, 1 error in" in output
    assert "there is no gateway: Envoy ended by itself (signal SIGKILL)" in output
