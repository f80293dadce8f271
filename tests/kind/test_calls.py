"""Programs are run within a time, and end with the run."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clusters import waiting
from clusters.kind.calls import Caller, CallFailed, tail
from tests.kind import programs


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat").read_text()
    return status.rpartition(")")[2].split()[0] != "Z"  # a zombie is dead


def gone(pid):
    waiting.until(lambda: alive(pid), lambda seen: not seen, what="its end", within=5, every=0.02)


def test_what_a_program_printed_is_returned(tmp_path):
    path = programs.script(tmp_path / "tool", 'echo "$1 $GIVEN"', "echo aside >&2")

    said = Caller(tmp_path).run("tool", [path, "a"], within=5, environment={"GIVEN": "b"})

    assert said == "a b\naside\n"


def test_a_program_that_ends_badly_is_told_with_its_last_words(tmp_path):
    path = programs.script(
        tmp_path / "tool", "echo first", "printf '\\033[31mlast\\033[0m\\n'", "exit 4"
    )

    with pytest.raises(CallFailed) as told:
        Caller(tmp_path).run("a tool", [path], within=5)

    assert str(told.value) == "a tool ended with 4\nlast seen:\nfirst\nlast"


def test_of_long_output_the_end_is_told_without_what_was_overwritten(tmp_path):
    log = tmp_path / "log"
    log.write_text("".join(f"line {n}\n\n" for n in range(30)) + "spin\rspun\n")

    lines = tail(log).splitlines()

    assert (len(lines), lines[0], lines[-1]) == (12, "line 19", "spun")


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path):
    child = tmp_path / "child"
    path = programs.script(tmp_path / "tool", f"sleep 60 & echo $! > {child}; echo begun", "wait")

    with pytest.raises(CallFailed) as told:
        Caller(tmp_path).run("tool", [path], within=0.5)

    assert str(told.value) == "tool did not end within 0.5 s\nlast seen:\nbegun"
    gone(int(child.read_text()))


def test_a_hopeless_program_is_broken_off_with_the_reason(tmp_path):
    path = programs.script(tmp_path / "tool", "exec sleep 60")
    reasons = iter(["", "", "the pod is in CrashLoopBackOff"])

    with pytest.raises(CallFailed, match="tool was broken off: the pod is in CrashLoopBackOff"):
        Caller(tmp_path).run("tool", [path], within=30, hopeless=lambda: next(reasons))


def test_a_program_that_is_not_there_is_told(tmp_path):
    from clusters.processes import ProcessFailed

    with pytest.raises(ProcessFailed, match="tool could not be started"):
        Caller(tmp_path).run("tool", [tmp_path / "nowhere"], within=5)


INTERRUPTED = """
import sys
from pathlib import Path
from clusters.kind import interrupts
from clusters.kind.calls import Caller
with interrupts.heeded():
    try:
        Caller(Path(sys.argv[1])).run("tool", [sys.argv[2]], within=60)
    except KeyboardInterrupt as error:
        print("interrupted by", error)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_ctrl_c_and_sigterm_end_a_program_and_let_the_run_clean_up(tmp_path, number):
    began = tmp_path / "began"
    path = programs.script(
        tmp_path / "tool", f"echo $$ > {began}.part", f"mv {began}.part {began}", "exec sleep 60"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, tmp_path, path],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    waiting.until(began.exists, bool, what="the tool running", within=20, every=0.01)

    run.send_signal(number)
    said, _ = run.communicate(timeout=20)

    assert (said, run.returncode) == (f"interrupted by {number.name}\n", 0)
    gone(int(began.read_text()))


def test_an_interrupt_that_python_drops_is_raised_at_the_next_look():
    from clusters.kind import interrupts

    with interrupts.heeded():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)  # as if somebody swallowed it
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
            interrupts.check()


def test_an_interrupt_is_forgotten_with_the_block_that_heeded_it():
    from clusters.kind import interrupts

    with pytest.raises(KeyboardInterrupt), interrupts.heeded():
        signal.raise_signal(signal.SIGTERM)

    interrupts.check()


def test_a_program_is_not_waited_for_when_an_interrupt_got_lost(tmp_path):
    from clusters.kind import interrupts

    path = programs.script(tmp_path / "tool", "exec sleep 60")

    with interrupts.heeded():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt, match="SIGINT"):
            Caller(tmp_path).run("tool", [path], within=10)


def test_a_deferred_interrupt_comes_after_what_it_must_not_break_off():
    from clusters.kind import interrupts

    done = []

    def delete():
        with interrupts.deferred():
            signal.raise_signal(signal.SIGINT)
            interrupts.check()
            done.append("deleted")

    with interrupts.heeded():
        delete()
        with pytest.raises(KeyboardInterrupt, match="SIGINT"):
            interrupts.check()
    assert done == ["deleted"]


def test_handlers_of_before_are_there_again():
    from clusters.kind import interrupts

    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with interrupts.heeded(), interrupts.deferred():
        pass

    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_thread_leaves_signals_alone():
    from clusters.kind import interrupts

    seen = []

    def work():
        with interrupts.heeded():
            seen.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == ["worked"]
