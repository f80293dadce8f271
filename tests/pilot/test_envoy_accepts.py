"""A real Envoy accepts what is generated, deprecated forms of old releases included."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clusters.local import envoy
from clusters.pilot.push import Snapshot
from tests.pilot.building import pushed
from tests.pilot.test_push import kitchen_sink

HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}
CONTROL_PLANE = {
    "name": "control-plane",
    "type": "STATIC",
    "connect_timeout": "1s",
    "typed_extension_protocol_options": HTTP2,
}


def as_bootstrap(found: Snapshot) -> dict[str, Any]:
    """The listeners with their routes written into them, since validation fetches nothing."""
    routes = {one["name"]: one for one in found.routes}
    listeners = copy.deepcopy(found.listeners)
    for listener in listeners:
        config = listener["filter_chains"][0]["filters"][0]["typed_config"]
        config["route_config"] = routes[config.pop("rds")["route_config_name"]]
    grpc = {"envoy_grpc": {"cluster_name": CONTROL_PLANE["name"]}}
    ads = {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [grpc]}
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "static_resources": {"listeners": listeners, "clusters": [*found.clusters, CONTROL_PLANE]},
        "dynamic_resources": {"ads_config": ads},
    }


@pytest.mark.parametrize("release", ["1.9", "1.13", "1.19", "1.23", "1.31"])
def test_envoy_accepts_the_configuration_of_a_release(release: str, tmp_path: Path) -> None:
    binary = envoy.find(None)
    path = tmp_path / "bootstrap.json"
    path.write_text(json.dumps(as_bootstrap(pushed(*kitchen_sink(), release=release))))
    answer = subprocess.run(
        [binary.path, "--mode", "validate", "--config-path", path, "--log-level", "error"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout + answer.stderr == f"configuration '{path}' OK\n"
