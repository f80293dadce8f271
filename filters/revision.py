"""Which commit a filter's sources are at, as git says."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: A repository on a slow disk; a run that measures for seconds can wait for it once.
SECONDS = 20.0
#: What git itself adds to a commit that the files no longer are; `git describe --dirty`.
DIRTY = "-dirty"
_COMMIT = "# branch.oid "


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, 40 hex digits with "-dirty" where files differ from it, or why there is none.

    One of the two is empty.
    """

    commit: str
    unknown: str = ""


def of(folder: Path) -> Revision:
    """Return the commit of the repository that a folder is in.

    What differs are tracked files anywhere in the repository, since a filter reads more than its
    own folder, and files in the folder that git does not know and is not told to ignore.
    """
    try:
        state = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
        others = _git(folder, "ls-files", "--others", "--exclude-standard", "--", ".")
    except _NoGit as error:
        return Revision("", str(error))
    lines = state.splitlines()
    commit = next((line.removeprefix(_COMMIT) for line in lines if line.startswith(_COMMIT)), "")
    if not commit.isalnum():
        return Revision("", f"git knows no commit yet: {commit or 'it names none'}")
    changed = others or any(not line.startswith("#") for line in lines)
    return Revision(f"{commit}{DIRTY}" if changed else commit)


class _NoGit(Exception):
    """There is no git, or no repository that it reads; the text says why."""


def _git(folder: Path, *arguments: str) -> str:
    # A hook that runs tests sets GIT_DIR, which would win over the folder.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            # Without the lock that it takes to refresh its index somebody else can commit.
            env={**environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise _NoGit("git is not installed") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise _NoGit(f"git could not be asked: {error}") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise _NoGit(f"git says: {said[0] if said else f'exit code {done.returncode}'}")
    return done.stdout
