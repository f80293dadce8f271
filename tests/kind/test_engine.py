"""The local Docker: where it is looked for, and what is said where it does not answer."""

import socket

import pytest

from clusters.kind import engine
from clusters.kind.errors import PhaseFailed

pytest.importorskip("docker", reason="the group kind is not installed: uv sync --group kind")


@pytest.mark.parametrize(
    ("error", "words", "cause"),
    [
        (FileNotFoundError(2, "No such file"), "cannot connect", "Docker is not running"),
        (ConnectionRefusedError(111, "Connection refused"), "cannot connect", "not running"),
        (PermissionError(13, "Permission denied"), "permission denied", "may not speak to Docker"),
    ],
    ids=["nothing there", "nobody listens", "not for this user"],
)
def test_a_docker_that_does_not_answer_is_one_message(monkeypatch, error, words, cause):
    def knock(address):
        raise error

    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere.sock")
    monkeypatch.setattr(engine, "_knock", knock)

    with pytest.raises(PhaseFailed) as told, engine.connected():
        pass

    first, seen, likely, hint = str(told.value).splitlines()
    assert first == "Docker does not answer at unix:///somewhere.sock"
    assert words in seen
    assert cause in likely
    assert hint.startswith("Hint: ")


def test_a_socket_where_nobody_listens_is_noticed_before_the_docker_package_is_asked(
    tmp_path, monkeypatch
):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")

        with pytest.raises(PhaseFailed, match="Connection refused"), engine.connected():
            pass


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
