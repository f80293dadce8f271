import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusters import processes, waiting

ROOT = Path(__file__).parents[2]
SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\n"
    "while True: signal.pause()",
]


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_an_executable_that_is_missing_is_named(tmp_path):
    with pytest.raises(processes.ProcessFailed, match=r"Envoy could not be started.*no-such-file"):
        processes.start("Envoy", [str(tmp_path / "no-such-file")], log=tmp_path / "log")


def test_a_child_that_ends_by_itself_is_reported_with_its_last_words(tmp_path):
    child = processes.start(
        "Envoy",
        [sys.executable, "-c", "print('bad flag'); raise SystemExit(3)"],
        log=tmp_path / "log",
    )
    waiting.until(child.ended, lambda code: code is not None, what="its end", within=10)

    with pytest.raises(processes.ProcessFailed, match=r"(?s)exit code 3.*bad flag"):
        child.check()


def test_a_stopped_child_is_gone(tmp_path):
    child = processes.start("sleeper", SLEEPER, log=tmp_path / "log")
    child.stop()

    assert not alive(child.child.pid)


def test_a_child_that_ignores_the_polite_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.1)
    child = processes.start("stubborn", STUBBORN, log=tmp_path / "log")
    waiting.until(child.log_tail, lambda text: "deaf" in text, what="its first word", within=10)
    child.stop()

    assert child.ended() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_does_not_outlive_a_parent_that_is(tmp_path, end):
    code = (
        "import sys; from pathlib import Path; from clusters import processes\n"
        f"child = processes.start('sleeper', {SLEEPER!r}, log=Path(sys.argv[1]))\n"
        "print(child.child.pid, flush=True); import signal; signal.pause()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(end)
        parent.wait()

    waiting.until(lambda: alive(pid), lambda it: not it, what="the child's end", within=5)
