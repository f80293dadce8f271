"""Filter names that Envoy gave up: Istio 1.9 to 1.18 match them, later releases only warn."""

from collections.abc import Mapping

_HTTP = (
    "buffer cors csrf ext_authz fault grpc_http1_bridge grpc_json_transcoder grpc_web gzip "
    "health_check ip_tagging lua router squash"
)
_NETWORK = (
    "client_ssl_auth ext_authz http_connection_manager mongo_proxy ratelimit redis_proxy tcp_proxy"
)
_LISTENER = "http_inspector original_dst original_src proxy_protocol tls_inspector"

HTTP: Mapping[str, str] = {
    **{f"envoy.{name}": f"envoy.filters.http.{name}" for name in _HTTP.split()},
    "envoy.http_dynamo_filter": "envoy.filters.http.dynamo",
    "envoy.rate_limit": "envoy.filters.http.ratelimit",
}
"""Deprecated names of HTTP filters and what each is called now."""

NETWORK: Mapping[str, str] = {
    f"envoy.{name}": f"envoy.filters.network.{name}" for name in _NETWORK.split()
}
"""Deprecated names of network filters and what each is called now."""


LISTENER: Mapping[str, str] = {
    f"envoy.listener.{name}": f"envoy.filters.listener.{name}"
    for name in [
        "http_inspector",
        "original_dst",
        "original_src",
        "proxy_protocol",
        "tls_inspector",
    ]
}
"""Deprecated names of listener filters and what each is called now."""


def canonical(name: str, table: Mapping[str, str]) -> str:
    """Return what a filter is called now."""
    return table.get(name, name)
