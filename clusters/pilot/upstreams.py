"""Clusters (CDS) and their endpoints (EDS), istio.md section 2.6."""

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from clusters.pilot.protos import TYPE_PREFIX
from clusters.pilot.services import Endpoint, Service, ServicePort

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

BLACK_HOLE = "BlackHoleCluster"
_NO_LIMIT = 4294967295
_HTTP2 = ("HTTP2", "GRPC", "GRPC-WEB")
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def cluster_name(host: str, port: int, subset: str = "") -> str:
    """Return the name of the cluster behind a port of a service."""
    return f"outbound|{port}|{subset}|{host}"


def clusters(mesh: Iterable[Service], behaviours: "Behaviours") -> tuple[dict[str, Any], ...]:
    """Return one cluster per port of every service, and the black hole."""
    made = [
        _cluster(service, port, behaviours)
        for service in mesh
        for port in service.ports
        if port.protocol != "UDP"
    ]
    hole = {"name": BLACK_HOLE, "type": "STATIC", "connect_timeout": "10s"}
    return (*made, _with_stat_name(hole, behaviours))


def endpoints(mesh: Iterable[Service]) -> tuple[dict[str, Any], ...]:
    """Return the load assignment of every cluster that asks for one."""
    return tuple(
        _assignment(service, port)
        for service in mesh
        for port in service.ports
        if port.protocol != "UDP"
    )


def _cluster(service: Service, port: ServicePort, behaviours: "Behaviours") -> dict[str, Any]:
    name = cluster_name(service.host, port.number)
    threshold: dict[str, Any] = {
        "max_connections": _NO_LIMIT,
        "max_pending_requests": _NO_LIMIT,
        "max_requests": _NO_LIMIT,
        "max_retries": _NO_LIMIT,
    }
    if "circuit-breakers-track-remaining" in behaviours:
        threshold["track_remaining"] = True
    made: dict[str, Any] = {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {
            "eds_config": {
                "ads": {},
                "initial_fetch_timeout": "0s",
                "resource_api_version": "V3",
            },
            "service_name": name,
        },
        "connect_timeout": "10s",
        "circuit_breakers": {"thresholds": [threshold]},
        "common_lb_config": (
            {"healthy_panic_threshold": {}} if "panic-threshold-off" in behaviours else {}
        ),
    }
    if "least-request-by-default" in behaviours:
        made["lb_policy"] = "LEAST_REQUEST"
    if port.protocol in _HTTP2:
        made["typed_extension_protocol_options"] = {
            _HTTP_OPTIONS: {
                "@type": TYPE_PREFIX + _HTTP_OPTIONS,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        }
    if service.external:
        made["metadata"] = {"filter_metadata": {"istio": {"external": True}}}
    return _with_stat_name(made, behaviours)


def _with_stat_name(made: dict[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    if "delimited-stat-names" in behaviours:
        made["alt_stat_name"] = f"{made['name']};"
    return made


def _assignment(service: Service, port: ServicePort) -> dict[str, Any]:
    made: dict[str, Any] = {"cluster_name": cluster_name(service.host, port.number)}
    grouped = [
        _locality(locality, list(members), port.name)
        for locality, members in groupby(
            sorted(service.endpoints, key=lambda one: one.locality), lambda one: one.locality
        )
    ]
    if grouped:
        made["endpoints"] = grouped
    return made


def _locality(name: str, members: list[Endpoint], port_name: str) -> dict[str, Any]:
    parts = zip(("region", "zone", "sub_zone"), name.split("/"), strict=False)
    return {
        "locality": {part: value for part, value in parts if value},
        "lb_endpoints": [
            {
                "endpoint": {
                    "address": {
                        "socket_address": {
                            "address": member.address,
                            "port_value": member.ports[port_name],
                        }
                    }
                },
                "metadata": {},
                "load_balancing_weight": member.weight,
            }
            for member in members
        ],
        "load_balancing_weight": sum(member.weight for member in members),
    }
