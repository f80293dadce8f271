"""Options of pytest-kind and of this project get along, in whichever order the plugins come."""

import subprocess
import sys

import pytest

pytest.importorskip("pytest_kind", reason="the group kind is not installed: uv sync --group kind")

EARLY = ("-p", "bookinfo.plugin", "-p", "clusters.plugin")


#: What more is given, and how often the option is listed: without pytest-kind it is hidden.
LISTED = {(): 1, ("-p", "no:pytest-kind"): 0}


@pytest.mark.parametrize("more", LISTED, ids=["both", "blocked"])
def test_this_plugin_may_come_first(tmp_path, more):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *EARLY, *more, "--help", "--rootdir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("--cluster-name=") == LISTED[more]
