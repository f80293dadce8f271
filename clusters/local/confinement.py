"""A folder of the run's own where pilot-agent keeps modules: it knows only /var/lib/istio/data.

Run as a program, `python confinement.py FOLDER COMMAND...`: it enters a mount namespace in which
that path is FOLDER, and becomes COMMAND. No other process sees the mount, and it ends with the
last process inside. Standard library only; it starts for every agent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

FIXED = Path("/var/lib/istio/data")

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1


def main(folder: str, *command: str) -> None:
    """Become `command`, with `folder` at the fixed place; ends with the reason where it cannot."""
    try:
        _separate()
        _show(Path(folder), FIXED)
    except OSError as error:
        if not _usable(FIXED):
            sys.exit(_explain(error))
    _die_with_the_parent()
    os.execv(command[0], command)


def _die_with_the_parent() -> None:
    # Said before already; entering a user namespace may have taken it back.
    _libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _separate() -> None:
    """Enter a mount namespace of its own: directly where allowed, else in a user namespace."""
    uid, gid = os.getuid(), os.getgid()
    try:
        _checked(_libc().unshare(CLONE_NEWNS), "a mount namespace")
    except OSError:
        _checked(_libc().unshare(CLONE_NEWUSER | CLONE_NEWNS), "a user and a mount namespace")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _mount("none", Path("/"), "", MS_REC | MS_PRIVATE)


def _show(folder: Path, place: Path) -> None:
    """Let `place` be `folder`; what else is around it stays visible."""
    if not place.is_dir():
        there = next(parent for parent in place.parents if parent.is_dir())
        stage = folder.with_name(folder.name + ".around")
        stage.mkdir(exist_ok=True)
        _mount(str(there), stage, "", MS_BIND | MS_REC)
        _mount("tmpfs", there, "tmpfs", 0)
        for entry in stage.iterdir():
            _restore(entry, there / entry.name)
        place.mkdir(parents=True)
    _mount(str(folder), place, "", MS_BIND)


def _restore(entry: Path, copy: Path) -> None:
    if entry.is_symlink():
        copy.symlink_to(entry.readlink())
        return
    if entry.is_dir():
        copy.mkdir()
    else:
        copy.touch()
    _mount(str(entry), copy, "", MS_BIND | MS_REC)


def _mount(source: str, target: Path, kind: str, flags: int) -> None:
    done = _libc().mount(source.encode(), os.fsencode(target), kind.encode() or None, flags, None)
    _checked(done, f"a mount at {target}")


def _checked(done: int, what: str) -> None:
    if done:
        code = ctypes.get_errno()
        raise OSError(code, f"{what} is not allowed here: {os.strerror(code)}")


def _usable(place: Path) -> bool:
    # Shared by every run then; the agent names what it keeps there by address and checksum.
    return place.is_dir() and os.access(place, os.R_OK | os.W_OK | os.X_OK)


def _explain(error: OSError) -> str:
    return (
        f"pilot-agent keeps modules in {FIXED}, which is not there for this user, and "
        f"{error.strerror}\n"
        "likely cause: this system lets nobody but root have namespaces of their own\n"
        f"Hint: sudo mkdir -p {FIXED} && sudo chown $(id -u) {FIXED}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
