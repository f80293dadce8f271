"""A process is known by more than its number."""

import os
import subprocess
import sys

from clusters.existing import identity


def test_this_process_runs():
    assert identity.runs(identity.process()) is True


def test_a_child_runs_until_it_has_ended_even_if_nobody_has_asked_how():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    told = identity.process(child.pid)

    assert identity.runs(told) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie from now on
    assert identity.runs(told) is False
    child.wait()
    assert identity.runs(told) is False
    child.communicate()


def test_a_number_that_another_process_has_by_now_is_not_taken_for_the_first():
    told, _, started = identity.process().rpartition("/")

    assert identity.runs(f"{told}/{int(started) - 1}") is False


def test_nobody_here_can_tell_of_processes_elsewhere():
    _, pid, started = identity.process().split("/")

    assert identity.runs(f"another-boot.1/{pid}/{started}") is None
    assert identity.runs("") is None
    assert identity.runs(f"{identity.world()}/somebody/{started}") is None
