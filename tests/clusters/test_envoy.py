"""Which Envoy runs, and what is said when it does not."""

import importlib.util
import json
import sys

import pytest

from clusters import processes
from clusters.local import envoy
from clusters.pilot.node import ingress_gateway

NODE = ingress_gateway("1.9.9")


def script(tmp_path, body):
    path = tmp_path / "envoy"
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_wheels_envoy_is_found_without_importing_its_package():
    binary = envoy.find(None)

    assert binary.path.name == "envoy"
    assert binary.version == "1.40.0"


def test_a_path_that_is_no_file_is_named_with_a_command_to_try(tmp_path):
    with pytest.raises(envoy.EnvoyMissing, match=r"(?s)no-envoy is no Envoy.*Hint: .*--version"):
        envoy.find(str(tmp_path / "no-envoy"))


@pytest.mark.parametrize(
    "body", ["print('nginx 1.2')", "raise SystemExit(1)"], ids=["other", "fails"]
)
def test_a_program_that_is_no_envoy_is_refused(tmp_path, body):
    with pytest.raises(envoy.EnvoyMissing, match="is no Envoy that runs here"):
        envoy.find(str(script(tmp_path, body)))


def test_what_another_program_says_is_shown(tmp_path):
    with pytest.raises(envoy.EnvoyMissing, match=r"it ended with 0 and said: nginx 1\.2"):
        envoy.find(str(script(tmp_path, "print('nginx 1.2')")))


def test_another_binary_is_asked_for_its_version(tmp_path):
    path = script(tmp_path, "print('envoy  version: abc/1.36.4/Clean/RELEASE/BoringSSL')")

    assert envoy.find(str(path)).version == "1.36.4"


def test_no_envoy_anywhere_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(envoy.EnvoyMissing, match="no Envoy binary"):
        envoy.find(None)


def test_an_envoy_that_dies_at_start_is_reported_with_its_last_words(tmp_path):
    path = script(tmp_path, "print('GLIBC_2.31 not found'); raise SystemExit(127)")
    binary = envoy.Binary(path, "1.40.0")

    with pytest.raises(processes.ProcessFailed, match=r"(?s)exit code 127.*GLIBC_2.31 not found"):
        envoy.start(binary, NODE, 1, tmp_path)


def test_the_bootstrap_listens_on_loopback_only():
    text = json.dumps(envoy.bootstrap(NODE, 5))

    assert "0.0.0.0" not in text
    assert envoy.bootstrap(NODE, 5)["node"]["metadata"]["ISTIO_VERSION"] == "1.9.9"
