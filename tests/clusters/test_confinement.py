"""The agent's fixed folder is one of the run's own, for root and for everybody else."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from clusters.local import confinement

PROGRAM = confinement.__file__
AROUND = next(parent for parent in confinement.FIXED.parents if parent.is_dir())
#: Another user cannot read this interpreter where it lies in somebody's home.
EVERYBODYS = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")


def run(modules, *command, python=sys.executable, **options):
    return subprocess.run(
        [python, "-IS", options.pop("program", PROGRAM), str(modules), *command],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture
def modules(tmp_path):
    folder = tmp_path / "modules"
    folder.mkdir()
    return folder


def test_what_is_kept_there_is_in_the_runs_folder_and_nowhere_else(modules):
    before = sorted(AROUND.iterdir())
    done = run(modules, "/bin/sh", "-c", f"echo kept > {confinement.FIXED}/x; ls {AROUND}")

    assert done.returncode == 0, done.stderr
    assert (modules / "x").read_text() == "kept\n"
    assert sorted(AROUND.iterdir()) == before
    assert str(modules) not in Path("/proc/self/mounts").read_text()
    assert {path.name for path in before} <= set(done.stdout.split()), "what else is there"


@pytest.fixture
def anybodys():
    """A folder that every user may write: pytest's own are for the user who runs it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.skipif(EVERYBODYS is None, reason="no python3 that every user may run")
@pytest.mark.skipif(os.getuid() != 0, reason="the tests run as another user than root already")
def test_another_user_than_root_has_it_too(anybodys):
    modules = anybodys / "modules"
    modules.mkdir()
    modules.chmod(0o777)
    done = run(
        modules,
        "/bin/sh",
        "-c",
        f"id -u; echo kept > {confinement.FIXED}/x",
        python=EVERYBODYS,
        program=shutil.copyfile(PROGRAM, anybodys / "confinement.py"),
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
    )

    assert (done.returncode, done.stdout) == (0, "65534\n"), done.stderr
    assert (modules / "x").read_text() == "kept\n"


def forbidden():
    raise PermissionError(1, "a mount namespace is not allowed here")


def test_where_nothing_is_allowed_the_error_says_what_to_create(monkeypatch, modules, tmp_path):
    monkeypatch.setattr(confinement, "_separate", forbidden)
    monkeypatch.setattr(confinement, "FIXED", tmp_path / "none")

    with pytest.raises(SystemExit) as ended:
        confinement.main(str(modules), "/bin/true")
    told = str(ended.value)
    assert f"modules in {tmp_path / 'none'}, which is not there for this user" in told
    assert "a mount namespace is not allowed here" in told
    assert f"Hint: sudo mkdir -p {tmp_path / 'none'}" in told


def test_a_fixed_folder_that_is_there_and_writable_will_do(monkeypatch, modules):
    run_instead = []
    monkeypatch.setattr(confinement, "_separate", forbidden)
    monkeypatch.setattr(confinement, "FIXED", modules)
    monkeypatch.setattr(confinement, "_die_with_the_parent", lambda: None)
    monkeypatch.setattr(os, "execv", lambda *call: run_instead.append(call))

    confinement.main(str(modules), "/bin/true", "x")
    assert run_instead == [("/bin/true", ("/bin/true", "x"))]
