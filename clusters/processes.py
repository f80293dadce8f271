"""Child processes that cannot outlive the run."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 5.0
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")


class ProcessFailed(Exception):
    """A child process could not be started, or ended when it should have been running."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running child and the file that takes everything it prints."""

    name: str
    child: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> int | None:
        """Return the exit code once the child has ended, None while it runs."""
        return self.child.poll()

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that the child printed."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def check(self) -> None:
        """Raise ProcessFailed, with exit code and last output, if the child has ended."""
        code = self.ended()
        if code is not None:
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            raise ProcessFailed(
                f"{self.name} ended by itself ({how})\n"
                f"last seen in {self.log}:\n{self.log_tail() or '(it printed nothing)'}"
            )

    def stop(self) -> None:
        """End the child and everything it started; returns when it is gone."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGTERM)
            try:
                self.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()

    def kill(self) -> None:
        """End the child and everything it started without asking; returns when it is gone."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


# Looked up before any fork: between fork and exec only this one call may happen.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _dies_with(parent: int) -> Callable[[], None]:
    def ask_the_kernel() -> None:
        # The kernel kills the child even when the parent gets SIGKILL and runs no clean-up.
        assert _prctl is not None
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return ask_the_kernel


def with_environment(variables: Mapping[str, str]) -> list[str]:
    """Return the beginning of a command that runs with these variables and no others.

    Where to find programs, temporary files and certificates stays as it is.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return [
        "/usr/bin/env",
        "-i",
        *(f"{key}={value}" for key, value in (kept | dict(variables)).items()),
    ]


def start(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a command in a process group of its own, all output into the file `log`.

    `environment` holds additions to the one of this process; `folder` is where it works.
    Raises ProcessFailed if the executable cannot be started. On Linux the child dies with the
    thread that started it; elsewhere only an orderly end of the run stops it.
    """
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                preexec_fn=_dies_with(os.getpid()) if _prctl else None,
            )
    except OSError as error:
        raise ProcessFailed(
            f"{name} could not be started: {error}\ncommand: {command[0]}"
        ) from error
    return Process(name, child, log)
