"""A run that is ended in any way leaves no process and no half-written file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusters import waiting
from tests.kernel import alive, listening, opened

ROOT = Path(__file__).parents[2]
PLUGINS = ("reports.plugin", "filters.plugin", "bookinfo.plugin", "clusters.plugin")
CHECK = """
import os, signal
from pathlib import Path

def test_waits_while_everything_runs(cluster, gateway):
    assert gateway.send("GET", "/productpage").status == 200
    Path("pids").write_text(str(cluster._process.child.pid))
    while True:
        signal.pause()
"""


@pytest.fixture
def run(tmp_path):
    """A pytest run in a folder of its own, inside its only test; gives it and Envoy's pid."""
    (tmp_path / "test_it.py").write_text(CHECK)
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", "."]
    command += [word for plugin in PLUGINS for word in ("-p", plugin)]
    process = subprocess.Popen(
        [*command, "-p", "no:cacheprovider", "--basetemp", "temporary/base", "test_it.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told = tmp_path / "pids"

    def envoy() -> int:
        assert process.poll() is None, process.communicate()[0]
        return int(told.read_text() or 0) if told.exists() else 0

    yield process, waiting.until(envoy, bool, what="the test to run", within=60)
    process.kill()
    process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name
)
def test_no_envoy_outlives_a_run_that_gets(run, tmp_path, end):
    process, envoy = run
    assert alive(envoy)

    process.send_signal(end)
    process.communicate(timeout=30)

    waiting.until(lambda: alive(envoy), lambda it: not it, what="Envoy's end", within=10)
    written = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert written <= {"test_it.py", "temporary", "pids", "reports"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /dev/shm")
def test_envoy_leaves_no_shared_memory_and_no_socket(run):
    _, envoy = run
    held = opened(envoy)
    shared = [path for path in Path("/dev/shm").iterdir() if "envoy" in path.name]

    assert not [name for name in held if "/dev/shm" in name]
    assert shared == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_everything_listens_on_loopback_only(run):
    process, envoy = run
    addresses = {*listening(process.pid), *listening(envoy)}

    # 127.0.0.1, and the same address as a dual-stack socket of gRPC shows it.
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F"}
    assert "0100007F" in addresses
