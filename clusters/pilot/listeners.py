"""Listeners of an ingress gateway (LDS) with their HTTP connection managers.

istio.md sections 2.2 to 2.4, for a mesh with `enableTracing: false` and no telemetry. Istio's own
HTTP filters (metadata exchange, alpn, stats) are left out, as istiod leaves them out with
PILOT_ENABLE_METADATA_EXCHANGE=false and PILOT_ENABLE_ALPN_FILTER=false: the Envoy wheel has none
of them.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clusters.pilot import servertls
from clusters.pilot.protos import TYPE_PREFIX

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.connections import Connections
    from clusters.pilot.gateways import Chain, ListenPort

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


def listener(
    port: "ListenPort", connections: "Connections", behaviours: "Behaviours"
) -> dict[str, Any] | None:
    """Return the listener for a port, in Envoy's JSON form, or None where it has no chain."""
    chains: list[dict[str, Any]] = []
    inspects = False
    for chain in port.chains:
        if chain.is_http:
            made = [_with_filters(chain, [_manager(port, chain, behaviours)])]
        else:
            made = [
                _with_filters(chain, one.filters, one.names)
                for one in connections.behind(chain.servers[0], port.number)
            ]
        inspects = inspects or (
            bool(made)
            and (chain.servers[0].has_tls_settings and not chain.servers[0].is_plain_http)
        )
        chains += made
    if not chains:
        return None
    if "transport-socket-connect-timeout" in behaviours:
        for one in chains:
            one["transport_socket_connect_timeout"] = "15s"
    made_listener: dict[str, Any] = {
        "name": port.name,
        "address": {
            "socket_address": {"address": port.bind or "0.0.0.0", "port_value": port.number}
        },
        "filter_chains": chains,
        "traffic_direction": "OUTBOUND",
    }
    if inspects:
        made_listener["listener_filters"] = [_tls_inspector(behaviours)]
    if "listener-accepts-one-connection-per-event" in behaviours:
        made_listener["max_connections_to_accept_per_socket_event"] = 1
    return made_listener


def _manager(port: "ListenPort", chain: "Chain", behaviours: "Behaviours") -> dict[str, Any]:
    config = connection_manager(port, chain, behaviours)
    if not chain.route_name:
        del config["rds"]
        config["route_config"] = {}
    return {"name": HCM, "typed_config": config}


def _with_filters(
    chain: "Chain", filters: list[dict[str, Any]], names: Iterable[str] = ()
) -> dict[str, Any]:
    made: dict[str, Any] = {"filters": filters}
    tls = chain.servers[0].tls
    names = chain.servers[0].names if tls is not None else tuple(names)
    if names and "*" not in names:
        made["filter_chain_match"] = {"server_names": sorted(names)}
    if tls is not None:
        made["transport_socket"] = servertls.transport_socket(tls)
    return made


def _tls_inspector(behaviours: "Behaviours") -> dict[str, Any]:
    config: dict[str, Any] = {
        "@type": f"{TYPE_PREFIX}envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
    }
    if "tls-inspector-reads-512-bytes" in behaviours:
        config["initial_read_buffer_size"] = 512
    return {"name": "envoy.filters.listener.tls_inspector", "typed_config": config}


def connection_manager(
    port: "ListenPort", chain: "Chain", behaviours: "Behaviours"
) -> dict[str, Any]:
    """Return the HTTP connection manager of a filter chain, as the Any its listener carries."""
    semicolon = ";" if "delimited-stat-names" in behaviours else ""
    own_name = chain.servers[0].name if chain.servers[0].tls is not None else ""
    made: dict[str, Any] = {
        "@type": HCM_TYPE,
        "stat_prefix": own_name or f"outbound_{port.name}{semicolon}",
        "rds": {
            "config_source": {
                "ads": {},
                "initial_fetch_timeout": "0s",
                "resource_api_version": "V3",
            },
            "route_config_name": chain.route_name,
        },
        "http_filters": http_filters(chain.servers[0].protocol, behaviours),
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
