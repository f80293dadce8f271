"""The local Docker: where it is looked for, and what is said where it does not answer."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from clusters.kind import engine
from clusters.kind.errors import PhaseFailed

pytest.importorskip("docker", reason="the group kind is not installed: uv sync --group kind")


def told_of(path, monkeypatch):
    """Return what is said of a Docker at a socket, by line."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with pytest.raises(PhaseFailed) as told, engine.connected():
        pass
    return str(told.value).splitlines()


def test_a_docker_that_is_not_there_is_one_message(tmp_path, monkeypatch):
    first, seen, likely, hint = told_of(tmp_path / "s", monkeypatch)

    assert first == f"Docker does not answer at unix://{tmp_path}/s"
    assert seen.startswith("last seen: cannot connect to the Docker daemon ([Errno 2]")
    assert "Docker is not running" in likely
    assert hint == "Hint: docker info"


def test_a_socket_where_nobody_listens_is_one_message(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))

        first, seen, likely, hint = told_of(tmp_path / "s", monkeypatch)

    assert first == f"Docker does not answer at unix://{tmp_path}/s"
    assert "Connection refused" in seen
    assert "Docker is not running" in likely
    assert hint == "Hint: docker info"


ANOTHER_USER = """
import os, sys
import docker, docker.context, docker.errors
from clusters.kind import engine
from clusters.kind.errors import PhaseFailed
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    with engine.connected():
        pass
except PhaseFailed as error:
    print(error)
"""


def test_a_socket_that_is_not_for_this_user_is_one_message():
    # Not below a folder of pytest's, which another user may not enter.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        Path(folder).chmod(0o755)
        path = Path(folder) / "s"
        listener.bind(str(path))
        listener.listen()
        path.chmod(0o600 if os.geteuid() == 0 else 0)

        said = subprocess.run(
            [sys.executable, "-c", ANOTHER_USER],
            env={**os.environ, "DOCKER_HOST": f"unix://{path}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    first, seen, likely, hint = said.splitlines()
    assert first == f"Docker does not answer at unix://{path}"
    assert seen.startswith("last seen: permission denied at the socket of Docker ([Errno 13]")
    assert "this user may not speak to Docker" in likely
    assert hint.startswith("Hint: sudo usermod")


def test_where_kind_uses_another_provider_docker_is_not_asked(monkeypatch):
    monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", "podman")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")

    with engine.connected() as docker:
        assert docker is None


NAME = engine.ISTIO_FILTER


@pytest.mark.parametrize(
    ("chunks", "there"),
    [
        ([b"...", NAME, b"..."], True),
        ([b"..." + NAME[:4], NAME[4:] + b"..."], True),
        ([NAME[:4], b"x", NAME[4:]], False),
        ([], False),
    ],
    ids=["whole", "across two chunks", "in pieces", "nothing"],
)
def test_a_filters_name_is_found_wherever_the_chunks_end(chunks, there):
    assert engine._is_in(chunks) is there
