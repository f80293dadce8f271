"""Listeners of an ingress gateway (LDS) with their HTTP connection managers.

istio.md sections 2.2 to 2.4, for a mesh with `enableTracing: false` and no telemetry. Istio's own
HTTP filters (metadata exchange, alpn, stats) are left out, as istiod leaves them out with
PILOT_ENABLE_METADATA_EXCHANGE=false and PILOT_ENABLE_ALPN_FILTER=false: the Envoy wheel has none
of them.
"""

from typing import TYPE_CHECKING, Any

from clusters.pilot.protos import TYPE_PREFIX

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.gateways import ListenPort

HCM = "envoy.filters.network.http_connection_manager"
HCM_TYPE = f"{TYPE_PREFIX}envoy.extensions.{HCM[6:]}.v3.HttpConnectionManager"
ROUTER = "envoy.filters.http.router"

_CONFIG_TYPES = {
    "envoy.filters.http.cors": "cors.v3.Cors",
    "envoy.filters.http.fault": "fault.v3.HTTPFault",
    "envoy.filters.http.grpc_stats": "grpc_stats.v3.FilterConfig",
    "envoy.filters.http.grpc_web": "grpc_web.v3.GrpcWeb",
    ROUTER: "router.v3.Router",
}
_GRPC = ("GRPC", "GRPC-WEB")


def listener(port: "ListenPort", behaviours: "Behaviours") -> dict[str, Any]:
    """Return the listener for a port, in Envoy's JSON form."""
    bind = port.bind or "0.0.0.0"
    chain: dict[str, Any] = {
        "filters": [{"name": HCM, "typed_config": connection_manager(port, behaviours)}]
    }
    if "transport-socket-connect-timeout" in behaviours:
        chain["transport_socket_connect_timeout"] = "15s"
    made: dict[str, Any] = {
        "name": port.name,
        "address": {"socket_address": {"address": bind, "port_value": port.number}},
        "filter_chains": [chain],
        "traffic_direction": "OUTBOUND",
    }
    if "listener-accepts-one-connection-per-event" in behaviours:
        made["max_connections_to_accept_per_socket_event"] = 1
    return made


def connection_manager(port: "ListenPort", behaviours: "Behaviours") -> dict[str, Any]:
    """Return the HTTP connection manager behind a port, as the Any its listener carries."""
    semicolon = ";" if "delimited-stat-names" in behaviours else ""
    made: dict[str, Any] = {
        "@type": HCM_TYPE,
        "stat_prefix": f"outbound_{port.name}{semicolon}",
        "rds": {
            "config_source": {
                "ads": {},
                "initial_fetch_timeout": "0s",
                "resource_api_version": "V3",
            },
            "route_config_name": port.route_name,
        },
        "http_filters": http_filters(port.servers[0].protocol, behaviours),
        "http_protocol_options": {},
        "server_name": "istio-envoy",
        "use_remote_address": True,
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {
            "subject": True,
            "cert": True,
            "dns": True,
            "uri": True,
        },
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "stream_idle_timeout": "0s",
        "normalize_path": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "request_id_extension": {
            "typed_config": {
                "@type": f"{TYPE_PREFIX}envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                "use_request_id_for_trace_sampling": True,
            }
        },
    }
    if "proxy-100-continue" in behaviours:
        made["proxy_100_continue"] = True
    return made


def http_filters(protocol: str, behaviours: "Behaviours") -> list[dict[str, Any]]:
    """Return the HTTP filters that Istio makes for a server protocol, in order."""
    names = []
    if protocol == "GRPC-WEB":
        names.append("envoy.filters.http.grpc_web")
    if "grpc-stats-always" in behaviours or protocol in _GRPC:
        names.append("envoy.filters.http.grpc_stats")
    ordered = ["envoy.filters.http.cors", "envoy.filters.http.fault"]
    if "fault-before-cors" in behaviours:
        ordered.reverse()
    return [_http_filter(name) for name in (*names, *ordered, ROUTER)]


def _http_filter(name: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "@type": f"{TYPE_PREFIX}envoy.extensions.filters.http.{_CONFIG_TYPES[name]}"
    }
    if name == "envoy.filters.http.grpc_stats":
        config |= {"emit_filter_state": True, "stats_for_all_methods": False}
    return {"name": name, "typed_config": config}
