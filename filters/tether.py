"""Runs a command that cannot outlive the process that asked for it.

    python -I -S tether.py PARENT_PID COMMAND...

Started as a script, not imported: the signal that Linux sends when a parent dies must be asked for
in the child, and doing that between fork and exec is not safe in a process with threads. The
command and everything it starts share the group of this process, and are killed with it.
"""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def kill_group(*_: object) -> None:
    """End this process, the command, and what the command started."""
    os.killpg(0, signal.SIGKILL)


def main(parent: int, command: list[str]) -> int:
    """Return the exit code of the command."""
    signal.signal(signal.SIGTERM, kill_group)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the signal was asked for
        return 1
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
