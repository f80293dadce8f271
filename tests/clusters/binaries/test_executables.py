"""What a file is, before anything relies on it."""

from pathlib import Path

import pytest

from clusters.local import envoy as wheel
from clusters.local.binaries import pins
from clusters.local.binaries.executables import (
    AGENT,
    ENVOY,
    ISTIOD,
    WrongBinary,
    architecture,
    inspect,
)
from tests.clusters.binaries import programs

NEWEST = pins.KNOWN[-1]
FOREIGN = "arm64" if architecture() == "amd64" else "amd64"


@pytest.fixture
def file(tmp_path):
    def write(body):
        path = tmp_path / "program"
        path.write_bytes(body)
        path.chmod(0o755)
        return path

    return write


@pytest.mark.parametrize("role", [ISTIOD, AGENT])
def test_istiod_and_the_agent_tell_their_version(file, role):
    assert inspect(file(programs.istio(role, "1.24.0")), role).version == "1.24.0"


def test_a_build_without_a_version_is_known_by_its_module(file):
    path = file(programs.istio(ISTIOD, "unknown", module=NEWEST.module))

    assert inspect(path, ISTIOD).version == NEWEST.version


def test_a_build_of_an_unknown_module_stays_unknown(file):
    path = file(programs.istio(ISTIOD, "unknown", module="v0.0.0-20200101000000-0123456789ab"))

    assert inspect(path, ISTIOD).version == "unknown"


def test_istios_envoy_is_told_from_the_plain_one(file):
    assert inspect(file(programs.envoy("1.32.6-dev")), ENVOY).istio_filters
    assert inspect(file(programs.envoy("1.32.6-dev")), ENVOY).version == "1.32.6-dev"

    plain = wheel.find(None)
    found = inspect(plain.path, ENVOY)
    assert (found.version, found.istio_filters) == (plain.version, False)


@pytest.mark.parametrize(
    ("body", "role", "reason"),
    [
        pytest.param(
            b"hello, world\n" * 4, ISTIOD, "a file that begins with b'hello, w'", id="text"
        ),
        pytest.param(b"", ISTIOD, "a file that begins with b''", id="empty"),
        pytest.param(b"#!/bin/sh\nexec x\n", AGENT, "no executable of this system but a script"),
        pytest.param(
            programs.program("", programs.MARKS[ISTIOD], machine=FOREIGN),
            ISTIOD,
            f"it is built for {FOREIGN}, and this machine is {architecture()}",
            id="another architecture",
        ),
        pytest.param(programs.istio(AGENT, "1.24.0"), ISTIOD, "it is pilot-agent", id="agent"),
        pytest.param(programs.istio(ISTIOD, "1.24.0"), AGENT, "it is istiod", id="istiod"),
        pytest.param(programs.istio(ISTIOD, "1.24.0"), ENVOY, "it is istiod", id="not Envoy"),
        pytest.param(programs.envoy(), ISTIOD, "it is another program", id="Envoy as istiod"),
        pytest.param(
            programs.program("no version", programs.MARKS[AGENT]),
            AGENT,
            "asked for its version it said: 'no version'",
            id="silent agent",
        ),
        pytest.param(
            programs.program("bang", programs.MARKS[AGENT], code=3),
            AGENT,
            "it ended with 3 and said: bang",
            id="failing agent",
        ),
        pytest.param(programs.program("hello"), ENVOY, "it said: 'hello'", id="other program"),
        pytest.param(
            programs.istio(ISTIOD, "1.24.0")[:110] + b"\0" * 10 + programs.MARKS[ISTIOD],
            ISTIOD,
            "is no istiod that runs here",
            id="half a file",
        ),
    ],
)
def test_the_wrong_file_is_one_clear_message(file, body, role, reason):
    path = file(body)
    with pytest.raises(WrongBinary) as failed:
        inspect(path, role)

    message, hint = str(failed.value).splitlines()
    assert message.startswith(f"{path} is no ")
    assert reason in message
    assert hint.startswith("Hint: --")


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/no/such/file", "No such file or directory"), ("/", "Is a directory")],
)
def test_a_path_that_cannot_be_read_is_told(path, reason):
    with pytest.raises(WrongBinary, match=reason):
        inspect(Path(path), ISTIOD)


def test_a_file_without_the_right_to_run_is_told(file):
    path = file(programs.istio(ISTIOD, "1.24.0"))
    path.chmod(0o644)

    with pytest.raises(WrongBinary, match="Permission denied"):
        inspect(path, ISTIOD)
