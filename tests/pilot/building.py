"""Short ways to write documents and pushes for the tables in this folder."""

import json
from typing import Any

from clusters.pilot.documents import Document, parse
from clusters.pilot.node import INGRESS_LABELS, Node, ingress_gateway
from clusters.pilot.push import Snapshot, push
from clusters.release import find

HCM = "envoy.filters.network.http_connection_manager"
ROUTER = "envoy.filters.http.router"
FAULT = "envoy.filters.http.fault"
CORS = "envoy.filters.http.cors"
STATS = "envoy.filters.http.grpc_stats"
TYPES = "type.googleapis.com/envoy.extensions"
RELEASES = tuple(f"1.{minor}" for minor in range(9, 32))


def document(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> Document:
    namespace = metadata.pop("namespace", "default")
    text = json.dumps(
        {
            "apiVersion": metadata.pop("api_version", "networking.istio.io/v1alpha3"),
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace, **metadata},
            "spec": spec,
        }
    )
    (made,) = parse(text, source=f"{name}.yaml")
    return made


def gateway(name: str = "gw", *, port: int = 8080, hosts: Any = ("*",), **rest: Any) -> Document:
    server = {
        "port": {"number": port, "name": "http", "protocol": rest.pop("protocol", "HTTP")},
        "hosts": list(hosts),
        **rest.pop("server", {}),
    }
    selector = rest.pop("selector", {"istio": "ingressgateway"})
    return document("Gateway", name, {"selector": selector, "servers": [server]}, **rest)


def virtual_service(
    http: list[dict[str, Any]], name: str = "vs", *, hosts: Any = ("*",), **rest: Any
) -> Document:
    spec = {"hosts": list(hosts), "gateways": rest.pop("gateways", ["gw"]), "http": http}
    return document("VirtualService", name, spec | rest.pop("spec", {}), **rest)


def named(table: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the arguments and ids of a table whose rows begin with their name."""
    return {"argvalues": [row[1:] for row in table], "ids": [row[0] for row in table]}


def service_entry(name: str = "productpage", **spec: Any) -> Document:
    whole = {
        "hosts": [f"{name}.default.svc.cluster.local"],
        "location": "MESH_INTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": 9080, "name": "http", "protocol": "HTTP"}],
        "endpoints": [{"address": "127.0.0.2"}],
    }
    namespace = spec.pop("namespace", "default")
    return document("ServiceEntry", name, whole | spec, namespace=namespace)


def envoy_filter(*patches: dict[str, Any] | None, name: str = "ef", **rest: Any) -> Document:
    rest.setdefault("namespace", "istio-system")
    spec = {"configPatches": list(patches), **rest.pop("spec", {})}
    return document("EnvoyFilter", name, spec, **rest)


def on_http_filter(
    operation: str, value: Any = None, *, sub: str | None = None, **match: Any
) -> dict[str, Any]:
    """A patch on the HTTP filters of the gateway; `sub` is the subFilter it names."""
    network = {"name": HCM} | ({"subFilter": {"name": sub}} if sub else {})
    listener = {"filterChain": {"filter": network}}
    patch = {"operation": operation}
    if value is not None:
        patch["value"] = value
    return {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "GATEWAY", "listener": listener} | match,
        "patch": patch,
    }


def lua(name: str = "mine", **fields: Any) -> dict[str, Any]:
    """An HTTP filter that needs no explanation."""
    url = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
    return {"name": name, "typed_config": {"@type": url, **fields}}


def pushed(*documents: Document, release: str = "latest", node: Node | None = None) -> Snapshot:
    found = find(release)
    return push(documents, node or ingress_gateway(found.version), found)


def http_filters(snapshot: Snapshot) -> list[str]:
    """The names of the HTTP filters of the first listener, in order."""
    return [one["name"] for one in manager(snapshot)["http_filters"]]


def manager(snapshot: Snapshot) -> dict[str, Any]:
    chain = snapshot.listeners[0]["filter_chains"][0]
    config: dict[str, Any] = chain["filters"][0]["typed_config"]
    return config


def node(version: str = "1.31.0", **fields: Any) -> Node:
    labels = fields.pop("labels", INGRESS_LABELS)
    return ingress_gateway(version, labels=labels, **fields)


def to(host: str = "a", **fields: Any) -> dict[str, Any]:
    """A destination of a route."""
    return {"destination": {"host": host, "port": {"number": 1}}, **fields}


def routed(*more: Document, release: str = "latest", **http: Any) -> dict[str, Any]:
    """The only route that is made of one HTTP route of a VirtualService."""
    if not {"route", "redirect", "directResponse"} & set(http):
        http["route"] = [to()]
    found = pushed(gateway(), virtual_service([http]), *more, release=release).routes[0]
    made: dict[str, Any] = found["virtual_hosts"][0]["routes"][0]
    return made
