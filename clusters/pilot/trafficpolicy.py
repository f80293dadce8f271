"""Connection pools, outlier detection and load balancing of a DestinationRule on a cluster."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import durations

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.destinationrules import Policy

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_NO_LIMIT = 4294967295
_SECOND = 1_000_000_000
_ALWAYS = 100
_LEAST_WEIGHT = 10

Options = dict[str, Any]
"""Envoy's HttpProtocolOptions of a cluster while they are put together."""


def apply(cluster: dict[str, Any], policy: "Policy", behaviours: "Behaviours") -> Options:
    """Put a policy on a cluster and return the HTTP options it asks for beside them."""
    pool = policy.get("connectionPool") or {}
    http, tcp = pool.get("http") or {}, pool.get("tcp") or {}
    cluster["connect_timeout"] = durations.to_json(tcp.get("connectTimeout") or "10s")
    cluster["circuit_breakers"] = {"thresholds": [_threshold(http, tcp, behaviours)]}
    if tcp.get("tcpKeepalive") is not None:
        keepalive = _keepalive(tcp["tcpKeepalive"])
        cluster["upstream_connection_options"] = {"tcp_keepalive": keepalive}
    common = cluster["common_lb_config"] = {}
    if "panic-threshold-off" in behaviours:
        common["healthy_panic_threshold"] = {}
    if policy.get("outlierDetection") is not None:
        cluster["outlier_detection"] = _outliers(policy["outlierDetection"])
        lowest = policy["outlierDetection"].get("minHealthPercent") or 0
        if lowest >= 0:
            common["healthy_panic_threshold"] = {"value": lowest} if lowest else {}
    cluster |= _balanced(policy.get("loadBalancer") or {}, behaviours)
    return _http_options(http, tcp)


def upgrades_to_http2(policy: "Policy") -> bool:
    """Tell whether a policy wants HTTP/2 whatever the protocol of the port."""
    http = (policy.get("connectionPool") or {}).get("http") or {}
    return http.get("h2UpgradePolicy") == "UPGRADE" and not http.get("useClientProtocol")


def passes_through(policy: "Policy") -> bool:
    """Tell whether a policy sends requests where the client wanted to go."""
    return (policy.get("loadBalancer") or {}).get("simple") == "PASSTHROUGH"


def _threshold(
    http: Mapping[str, Any], tcp: Mapping[str, Any], behaviours: "Behaviours"
) -> dict[str, Any]:
    limits = (
        ("max_connections", tcp.get("maxConnections")),
        ("max_pending_requests", http.get("http1MaxPendingRequests")),
        ("max_requests", http.get("http2MaxRequests")),
        ("max_retries", http.get("maxRetries")),
    )
    made: dict[str, Any] = {
        name: limit if limit and limit > 0 else _NO_LIMIT for name, limit in limits
    }
    if "circuit-breakers-track-remaining" in behaviours:
        made["track_remaining"] = True
    return made


def _keepalive(settings: Mapping[str, Any]) -> dict[str, int]:
    made = {}
    if settings.get("probes"):
        made["keepalive_probes"] = settings["probes"]
    for field in ("time", "interval"):
        if settings.get(field):
            made[f"keepalive_{field}"] = _seconds(settings[field])
    return made


def _seconds(written: str) -> int:
    return (durations.nanoseconds(written) or 0) // _SECOND


def _outliers(settings: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"enforcing_success_rate": 0}
    for field, counted, enforced in (
        ("consecutive5xxErrors", "consecutive_5xx", "enforcing_consecutive_5xx"),
        (
            "consecutiveGatewayErrors",
            "consecutive_gateway_failure",
            "enforcing_consecutive_gateway_failure",
        ),
    ):
        if settings.get(field) is not None:
            made[counted] = settings[field]
            made[enforced] = _ALWAYS if settings[field] else 0
    for field, theirs in (("interval", "interval"), ("baseEjectionTime", "base_ejection_time")):
        if settings.get(field):
            made[theirs] = durations.to_json(settings[field])
    if settings.get("maxEjectionPercent", 0) > 0:
        made["max_ejection_percent"] = settings["maxEjectionPercent"]
    if settings.get("splitExternalLocalOriginErrors"):
        made |= {
            "split_external_local_origin_errors": True,
            "enforcing_local_origin_success_rate": 0,
        }
        if settings.get("consecutiveLocalOriginFailures"):
            made["consecutive_local_origin_failure"] = settings["consecutiveLocalOriginFailures"]
            made["enforcing_consecutive_local_origin_failure"] = _ALWAYS
    return made


def _balanced(settings: Mapping[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    simple = settings.get("simple") or "UNSPECIFIED"
    if simple == "PASSTHROUGH":
        return {"lb_policy": "CLUSTER_PROVIDED"}
    if settings.get("consistentHash") is not None:
        return _hashed(settings["consistentHash"])
    if simple == "RANDOM":
        return {"lb_policy": "RANDOM"}
    by_default = "least-request-by-default" in behaviours
    least = simple in ("LEAST_REQUEST", "LEAST_CONN") or (simple == "UNSPECIFIED" and by_default)
    made: dict[str, Any] = {"lb_policy": "LEAST_REQUEST"} if least else {}
    if (slow := _slow_start(settings)) is not None:
        name = "least_request_lb_config" if least else "round_robin_lb_config"
        made[name] = {"slow_start_config": slow}
    return made


def _slow_start(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    if (curve := settings.get("warmup")) is not None:
        aggression, lowest = curve.get("aggression"), curve.get("minimumPercent")
        return {
            "slow_start_window": durations.to_json(curve["duration"]),
            "aggression": {
                "default_value": 1 if aggression is None else aggression,
                "runtime_key": "(",
            },
            "min_weight_percent": {"value": _LEAST_WEIGHT if lowest is None else lowest},
        }
    if settings.get("warmupDurationSecs"):
        return {"slow_start_window": durations.to_json(settings["warmupDurationSecs"])}
    return None


def _hashed(settings: Mapping[str, Any]) -> dict[str, Any]:
    if settings.get("maglev") is not None:
        size = settings["maglev"].get("tableSize")
        config = {"maglev_lb_config": {"table_size": str(size)}} if size else {}
        return {"lb_policy": "MAGLEV"} | config
    if settings.get("ringHash") is not None:
        size = settings["ringHash"].get("minimumRingSize")
    else:
        size = settings.get("minimumRingSize") or 1024
    config = {"ring_hash_lb_config": {"minimum_ring_size": str(size)}} if size else {}
    return {"lb_policy": "RING_HASH"} | config


def _http_options(http: Mapping[str, Any], tcp: Mapping[str, Any]) -> Options:
    made: Options = {}
    common: dict[str, Any] = {}
    idle = http.get("idleTimeout") or tcp.get("idleTimeout")
    if idle:
        common["idle_timeout"] = durations.to_json(idle)
    if tcp.get("maxConnectionDuration"):
        common["max_connection_duration"] = durations.to_json(tcp["maxConnectionDuration"])
    if http.get("maxRequestsPerConnection", 0) > 0:
        common["max_requests_per_connection"] = http["maxRequestsPerConnection"]
    if common or http.get("maxConcurrentStreams", 0) > 0:
        made["common_http_protocol_options"] = common
    if http.get("useClientProtocol"):
        made["use_downstream_protocol_config"] = {
            "http_protocol_options": {},
            "http2_protocol_options": {},
        }
    return made
