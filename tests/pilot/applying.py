"""Short ways to write patches on listeners, routes and clusters for the tables in this folder."""

from typing import Any

from clusters.pilot.push import Snapshot
from tests.pilot.building import envoy_filter, gateway, pushed, service_entry, virtual_service

ECHO: dict[str, Any] = {
    "name": "mine",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo",
    },
}
INSPECTOR: dict[str, Any] = {
    "name": "mine",
    "typed_config": {
        "@type": (
            "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
        ),
    },
}
ROUTE: dict[str, Any] = {
    "name": "mine",
    "match": {"prefix": "/mine"},
    "direct_response": {"status": 200},
}
HOST: dict[str, Any] = {"name": "mine", "domains": ["mine.example"]}


def patch(
    apply_to: str, operation: str, value: dict[str, Any] | None = None, **match: Any
) -> dict[str, Any]:
    """One configPatch for the gateway; `match` holds the object that it is for."""
    body: dict[str, Any] = {"operation": operation}
    if value is not None:
        body["value"] = value
    return {"applyTo": apply_to, "match": {"context": "GATEWAY"} | match, "patch": body}


def on_route(operation: str, value: Any = None, name: str | None = None) -> dict[str, Any]:
    """An HTTP_ROUTE patch; `name` is the route it names."""
    vhost = {} if name is None else {"route": {"name": name}}
    return patch("HTTP_ROUTE", operation, value, routeConfiguration={"vhost": vhost})


def applied(*patches: dict[str, Any], release: str = "latest") -> Snapshot:
    """A gateway on port 8080 with the routes `a` and `b` to productpage, under these patches."""
    target = {"destination": {"host": "productpage", "port": {"number": 9080}}}
    http = [
        {"name": name, "match": [{"uri": {"prefix": f"/{name}"}}], "route": [target]}
        for name in ("a", "b")
    ]
    documents = [gateway(), service_entry(), virtual_service(http, hosts=["x.example"])]
    return pushed(*documents, envoy_filter(*patches), release=release)


def told(snapshot: Snapshot, index: int = 0) -> tuple[bool, str]:
    """Whether a patch took effect, and the sentence about it."""
    outcome = snapshot.outcomes[index]
    return outcome.effective, outcome.sentence
