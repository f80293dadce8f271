"""Parts of the configuration of Envoy that patches bring along, each with an effect one can see."""

from __future__ import annotations

from typing import Any

from suites.istio.filters import MANAGER, ROUTER

FILTERS = "type.googleapis.com/envoy.extensions.filters"
#: What the client of an added chain or route gets: nothing else answers with it.
TEAPOT = 418
#: The response header that tells what a connection or request met.
PATCHED = "x-patched"


def added(header: str, value: str = "yes") -> dict[str, Any]:
    """Return the part of a route, virtual host or route configuration that adds a header."""
    return {"responseHeadersToAdd": [{"header": {"key": header, "value": value}}]}


def teapot(**match: str) -> dict[str, Any]:
    """Return a route that answers itself; it is for every path if no match is given."""
    return {
        "match": match or {"prefix": "/"},
        "directResponse": {"status": TEAPOT, "body": {"inlineString": "short and stout"}},
    }


def teapots() -> list[dict[str, Any]]:
    """Return the network filters of a chain that answers every request itself."""
    hosts = [{"name": "all", "domains": ["*"], "routes": [teapot()]}]
    router = {"name": ROUTER, "typedConfig": {"@type": f"{FILTERS}.http.router.v3.Router"}}
    manager = {
        "@type": f"{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "statPrefix": "teapots",
        "routeConfig": {"virtualHosts": hosts},
        "httpFilters": [router],
    }
    return [{"name": MANAGER, "typedConfig": manager}]


def loopback() -> dict[str, Any]:
    """Return an address that only its own machine reaches, at any port, and no other listener has.

    Envoy gives the sockets of a draining listener to a new one of the same address.
    """
    return {"socketAddress": {"address": "127.0.0.2", "portValue": 0}}


def proxy_protocol(name: str, *, needed: bool) -> dict[str, Any]:
    """Return a listener filter that takes one PROXY header, and refuses to go without if needed."""
    config: dict[str, Any] = {"@type": f"{FILTERS}.listener.proxy_protocol.v3.ProxyProtocol"} | (
        {} if needed else {"allowRequestsWithoutProxyProtocol": True}
    )
    return {"name": name, "typedConfig": config}


def noting(name: str, *notes: str) -> dict[str, Any]:
    """Return a network filter that notes its name, or each of the notes, on new connections."""
    return {
        "name": name,
        "typedConfig": {
            "@type": f"{FILTERS}.network.set_filter_state.v3.Config",
            "onNewConnection": [
                {
                    "objectKey": NOTES,
                    "factoryKey": "envoy.string",
                    "formatString": {
                        "textFormatSource": {"inlineString": f"{_NOTED}{note}"},
                        "omitEmptyValues": True,
                    },
                }
                for note in notes or (name,)
            ],
        },
    }


NOTES = "istio.suite.notes"
_NOTED = f"%FILTER_STATE({NOTES}:PLAIN)%"


def noted() -> dict[str, Any]:
    """Return the part of a route configuration that shows the notes in the header PATCHED."""
    return added(PATCHED, _NOTED)
