import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clusters.local import loopback
from clusters.pilot.documents import NotBuilt

ROOT = Path(__file__).parents[2]


def test_a_listener_keeps_its_name_and_leaves_the_network():
    listener = {"name": "0.0.0.0_8080", "address": {"socket_address": {"address": "0.0.0.0"}}}

    assert loopback.bind_to_loopback(listener) == {
        "name": "0.0.0.0_8080",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
    }


def test_a_machine_with_loopback_passes():
    loopback.check()


def in_a_network_without_loopback(*command: str) -> subprocess.CompletedProcess[str]:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False).returncode:
        pytest.skip("needs a network namespace of its own: unshare -rn")
    return subprocess.run(
        [unshare, "-rn", *command], capture_output=True, text=True, cwd=ROOT, check=False
    )


def test_a_run_without_loopback_ends_in_one_clear_message(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(gateway): pass\n")
    plugins = ("reports.plugin", "filters.plugin", "bookinfo.plugin", "clusters.plugin")
    words = [word for plugin in plugins for word in ("-p", plugin)]
    ended = in_a_network_without_loopback(
        sys.executable,
        "-m",
        "pytest",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tmp_path),
        *words,
        str(tmp_path),
    )

    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "127.0.0.1 cannot be listened on and reached" in ended.stderr
    assert "Hint: ip link set lo up" in ended.stderr


def test_a_localhost_that_points_elsewhere_changes_nothing(cluster):
    # Every address in the configuration is a literal; the name is never looked up.
    assert "localhost" not in cluster.proxy.config_dump()


def test_every_further_address_of_a_listener_is_loopback_too():
    far = {"address": {"socket_address": {"address": "0.0.0.0", "port_value": 9}}}

    made = loopback.bind_to_loopback({"name": "a", "additional_addresses": [far]})

    here = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    assert made["additional_addresses"] == [{"address": here}]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"address": {"pipe": {"path": "/tmp/x"}}}, "pipe"),
        ({"address": {"socket_address": {"protocol": "UDP"}}}, "UDP"),
        ({"udp_listener_config": {}}, "UDP"),
        ({"address": {"envoy_internal_address": {}}}, "envoy_internal_address"),
        ({"api_listener": {}}, "api_listener"),
        ({"additional_addresses": [{"address": {"pipe": {"path": "/tmp/x"}}}]}, "pipe"),
    ],
)
def test_a_listener_that_is_no_tcp_socket_is_refused_by_name(fields, word):
    with pytest.raises(NotBuilt, match=f"listener a listens by .*{word}"):
        loopback.bind_to_loopback({"name": "a"} | fields)
