"""The routes one VirtualService gives to one Gateway (istio.md section 2.5)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import hosts, routefilters
from clusters.pilot.order import by_age
from clusters.pilot.routeaction import Action
from clusters.pilot.routematch import catches_all, route_match, written_path
from clusters.pilot.services import exported

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.destinationrules import Rules
    from clusters.pilot.documents import Document
    from clusters.pilot.gateways import Server
    from clusters.pilot.node import Node
    from clusters.pilot.services import Service


def of_gateway(
    documents: Iterable["Document"], gateway: str, namespace: str
) -> tuple["Document", ...]:
    """Return the VirtualServices bound to a Gateway (`ns/name`) as a namespace sees them.

    Those only the namespace itself sees come first, then those exported to it by name, then the
    public ones; each by age.
    """
    bound = [
        one
        for one in documents
        if one.kind == "VirtualService"
        and gateway in gateway_names(one.spec.get("gateways"), one.namespace)
        and exported(one.spec.get("exportTo") or (), one.namespace, namespace)
    ]
    return tuple(sorted(bound, key=lambda one: (_publicity(one), by_age(one))))


def by_gateway(documents: Iterable["Document"]) -> dict[str, list["Document"]]:
    """Return the VirtualServices by each Gateway (`ns/name`) they name, in their order."""
    found: dict[str, list[Document]] = {}
    for one in documents:
        if one.kind == "VirtualService":
            names = gateway_names(one.spec.get("gateways"), one.namespace)
            for gateway in dict.fromkeys(names):
                found.setdefault(gateway, []).append(one)
    return found


def gateway_names(names: Iterable[str] | None, namespace: str) -> tuple[str, ...]:
    """Return the Gateways a list names, as `ns/name`; a list not given means the mesh only."""
    return tuple(_gateway_name(name, namespace) for name in names or () if name != "mesh")


def routes(
    document: "Document",
    server: "Server",
    node: "Node",
    labels: Mapping[str, str],
    mesh: Mapping[str, "Service"],
    rules: "Rules",
    behaviours: "Behaviours",
) -> list[dict[str, Any]]:
    """Return the Envoy routes for a Gateway's server; the first that catches all is last."""
    action = Action(document.namespace, server, mesh, rules, behaviours)
    made: list[dict[str, Any]] = []
    for http in document.spec.get("http") or []:
        for match in http.get("match") or [None]:
            if match is not None and not _applies(
                match, document.namespace, server.gateway, server.port, node, labels
            ):
                continue
            route = _route(document, http, match, server.port, action, behaviours)
            made.append(route)
            if match is None or catches_all(route):
                return made
    return made


def host_names(document: "Document") -> tuple[str, ...]:
    """Return the hosts of a VirtualService in full."""
    return tuple(hosts.fully_qualified(one, document.namespace) for one in document.spec["hosts"])


def _route(
    document: "Document",
    http: Mapping[str, Any],
    match: Mapping[str, Any] | None,
    port: int,
    action: Action,
    behaviours: "Behaviours",
) -> dict[str, Any]:
    version = "v1" if "routes-name-their-config-as-v1" in behaviours else "v1alpha3"
    config = (
        f"/apis/networking.istio.io/{version}/namespaces/{document.namespace}"
        f"/virtual-service/{document.name}"
    )
    made = {"match": route_match(match, behaviours), **action.apply(http)}
    name = ".".join(_names(http, match))
    if name:
        made["name"] = name
    if match and match.get("statPrefix"):
        made["stat_prefix"] = match["statPrefix"]
    made["metadata"] = {"filter_metadata": {"istio": {"config": config}}}
    made["decorator"] = {"operation": _operation(made, document.name, port)}
    routefilters.add(made, http, behaviours)
    return made


def _names(http: Mapping[str, Any], match: Mapping[str, Any] | None) -> Iterator[str]:
    own = (match or {}).get("name")
    if http.get("name") or own:
        yield http.get("name") or ""
    if own:
        yield own


def _operation(route: Mapping[str, Any], virtual_service: str, port: int) -> str:
    path = written_path(route["match"])
    cluster = (route.get("route") or {}).get("cluster")
    if cluster:
        _, number, _, host = cluster.split("|")
        return f"{host}:{number}{path}"
    return f"{virtual_service}:{port}{path}"


def _applies(
    match: Mapping[str, Any],
    namespace: str,
    gateway: str,
    port: int,
    node: "Node",
    labels: Mapping[str, str],
) -> bool:
    if match.get("port") and match["port"] != port:
        return False
    if match.get("gateways"):
        return gateway in gateway_names(match["gateways"], namespace)
    source = match.get("sourceNamespace") or node.namespace
    wanted = match.get("sourceLabels") or {}
    return source == node.namespace and wanted.items() <= labels.items()


def _gateway_name(name: str, namespace: str) -> str:
    owner, slash, short = name.rpartition("/")
    if slash:
        return f"{namespace if owner == '.' else owner}/{short}"
    if "." in name:
        short, owner, *_ = name.split(".")
        return f"{owner}/{short}"
    return f"{namespace}/{name}"


def _publicity(document: "Document") -> int:
    targets = document.spec.get("exportTo") or ["*"]
    if targets == ["."]:
        return 0
    return 2 if "*" in targets else 1
