"""A real Envoy accepts what is generated, deprecated forms of old releases included."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clusters.local import envoy
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import Document
from clusters.pilot.push import Snapshot
from clusters.release import find
from tests.pilot.building import document, pushed, service_entry, virtual_service
from tests.pilot.test_connections import routes, server, tls
from tests.pilot.test_push import kitchen_sink
from tests.pilot.test_tls_servers import gateway as tls_gateway
from tests.pilot.test_tls_servers import http, https

HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}
RBAC = {
    "name": "mine",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC",
        "stat_prefix": "mine",
    },
}
CONTROL_PLANE = {
    "name": "control-plane",
    "type": "STATIC",
    "connect_timeout": "1s",
    "typed_extension_protocol_options": HTTP2,
}
AGENT = CONTROL_PLANE | {"name": "sds-grpc"}


def secure_sink(release: str) -> tuple[Document, ...]:
    """Documents that use most of what is built for TLS, rules and names and a release has."""
    behaviours = Behaviours.of(find(release))
    may = "OPTIONAL_MUTUAL" if behaviours.reach("1.19.0") else "MUTUAL"
    in_turn = "DNS_ROUND_ROBIN" if behaviours.reach("1.12.0") else "DNS"
    settings = {
        "mode": "MUTUAL",
        "serverCertificate": "/c",
        "privateKey": "/k",
        "caCertificates": "/r",
        "subjectAltNames": ["me"],
        "minProtocolVersion": "TLSV1_2",
        "cipherSuites": ["ECDHE-RSA-AES128-GCM-SHA256"],
    }
    optional = {"mode": may, "credentialName": "c"}
    servers = (https("a.test", tls=settings), https("b.test", name="b", tls=optional), http())
    policy = {
        "connectionPool": {
            "tcp": {"connectTimeout": "1s", "tcpKeepalive": {"probes": 3}},
            "http": {"h2UpgradePolicy": "UPGRADE", "idleTimeout": "1s", "maxConcurrentStreams": 9},
        },
        "outlierDetection": {"consecutive5xxErrors": 3, "minHealthPercent": 10},
        "loadBalancer": {"consistentHash": {"httpCookie": {"name": "c", "ttl": "1s"}}},
        "tls": {"mode": "SIMPLE"},
    }
    subset = {"name": "v", "trafficPolicy": {"loadBalancer": {"simple": "PASSTHROUGH"}}}
    rule = {"host": "productpage", "trafficPolicy": policy, "subsets": [subset]}
    routed = {
        "route": [{"destination": {"host": "productpage"}}],
        "fault": {
            "abort": {"grpcStatus": "UNAVAILABLE"},
            "delay": {"percent": 1, "fixedDelay": "1s"},
        },
        "mirror": {"host": "b"},
        "mirrorPercent": 5,
        "retries": {"attempts": 1, "retryRemoteLocalities": True},
        "match": [{"uri": {"prefix": "/"}, "statPrefix": "s"}],
    }
    return (
        tls_gateway(*servers),
        virtual_service([routed], hosts=["a.test", "b.test"]),
        service_entry(),
        service_entry("byname", resolution="DNS", endpoints=[]),
        service_entry("inturn", resolution=in_turn, endpoints=[]),
        document("DestinationRule", "r", rule),
    )


def connection_sink(_: str) -> tuple[Document, ...]:
    """Documents that use most of what is built for connections that carry no HTTP."""
    database = {"destination": {"host": "productpage"}}
    weighted = [database | {"weight": 1}, {"destination": {"host": "b"}, "weight": 2}]
    through, ends = {"mode": "PASSTHROUGH"}, {"mode": "SIMPLE", "credentialName": "c"}
    servers = (
        https("a.test", tls=ends),
        server("TLS", "b.test", tls=through, port=8443),
        server("TLS", "c.test", name="c", tls=ends, port=8443),
        server("TCP", name="t", port=9000),
        server("MONGO", name="m", port=9001),
    )
    policy = {
        "connectionPool": {"tcp": {"idleTimeout": "1s", "maxConnectionDuration": "1h"}},
        "loadBalancer": {"consistentHash": {"useSourceIp": True}},
    }
    return (
        tls_gateway(*servers),
        routes("tcp", hosts=["c.test"], tcp=[{"route": [database]}]),
        routes("tls", hosts=["b.test"], tls=[tls("b.test") | {"route": weighted}]),
        service_entry(),
        document("DestinationRule", "r", {"host": "productpage", "trafficPolicy": policy}),
    )


def as_bootstrap(found: Snapshot) -> dict[str, Any]:
    """The listeners with their routes written into them, since validation fetches nothing."""
    routes = {one["name"]: one for one in found.routes}
    listeners = copy.deepcopy(found.listeners)
    for chain in (one for listener in listeners for one in listener["filter_chains"]):
        config = chain["filters"][0]["typed_config"]
        if "rds" not in config:
            continue
        config["route_config"] = routes[config.pop("rds")["route_config_name"]]
    grpc = {"envoy_grpc": {"cluster_name": CONTROL_PLANE["name"]}}
    ads = {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [grpc]}
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "static_resources": {
            "listeners": listeners,
            "clusters": [*found.clusters, CONTROL_PLANE, AGENT],
        },
        "dynamic_resources": {"ads_config": ads},
    }


@pytest.mark.parametrize("documents", [kitchen_sink, secure_sink, connection_sink])
@pytest.mark.parametrize("release", ["1.9", "1.13", "1.19", "1.23", "1.31"])
def test_envoy_accepts_the_configuration_of_a_release(
    release: str, documents: Callable[[str], tuple[Document, ...]], tmp_path: Path
) -> None:
    binary = envoy.find(None)
    path = tmp_path / "bootstrap.json"
    path.write_text(json.dumps(as_bootstrap(pushed(*documents(release), release=release))))
    answer = subprocess.run(
        [binary.path, "--mode", "validate", "--config-path", path, "--log-level", "error"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout + answer.stderr == f"configuration '{path}' OK\n"
