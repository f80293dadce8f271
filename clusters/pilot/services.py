"""The services of the mesh, as ServiceEntries declare them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from clusters.pilot import hosts
from clusters.pilot.order import by_age

if TYPE_CHECKING:
    from clusters.pilot.documents import Document
    from clusters.pilot.node import Node


_BY_NAME = ("DNS", "DNS_ROUND_ROBIN")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place a service answers at; `ports` holds the port numbers by port name."""

    address: str
    ports: Mapping[str, int]
    labels: Mapping[str, str]
    locality: str
    weight: int


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a service: the number callers use, and the one its endpoints listen on."""

    number: int
    name: str
    protocol: str
    target: int


@dataclass(frozen=True, slots=True)
class Service:
    """One host of the mesh with its ports and endpoints.

    `identities` are the names that the certificates of its endpoints may have.
    """

    host: str
    namespace: str
    ports: tuple[ServicePort, ...]
    endpoints: tuple[Endpoint, ...]
    external: bool
    resolution: str = "NONE"
    export_to: tuple[str, ...] = field(default=("*",))
    identities: tuple[str, ...] = ()
    ports_by_namespace: Mapping[str, tuple[ServicePort, ...]] = field(default_factory=dict)

    def ports_for(self, namespace: str) -> tuple[ServicePort, ...]:
        """Return the ports that routes of a namespace know: of its own eldest entry, if any."""
        return self.ports_by_namespace.get(namespace, self.ports)

    def visible_in(self, namespace: str) -> bool:
        """Tell whether a proxy of a namespace gets this service."""
        return exported(self.export_to, self.namespace, namespace)


def exported(export_to: Iterable[str], owner: str, namespace: str) -> bool:
    """Tell whether exportTo (empty: everywhere) shows a document to a namespace."""
    targets = tuple(export_to) or ("*",)
    return "*" in targets or namespace in targets or ("." in targets and owner == namespace)


def services(documents: Iterable["Document"], node: "Node") -> tuple[Service, ...]:
    """Return the services that the node may see, one for each host.

    Of several entries for a host those that not everybody sees go first, then the eldest. Another
    one of its namespace adds its endpoints, and its ports if it is alike; any further one nothing.
    """
    entries = sorted((one for one in documents if one.kind == "ServiceEntry"), key=by_age)
    declared = sorted(
        ((entry, service) for entry in entries for service in _services(entry)),
        key=lambda one: (one[0].creation_timestamp, one[1].host, one[1].namespace),
    )
    joined = _Joined([service for _, service in declared])
    seen = [one for one in declared if one[1].visible_in(node.namespace)]
    found: dict[str, tuple[Document, Service]] = {}
    for entry, service in sorted(seen, key=lambda one: "*" in one[1].export_to):
        if service.host not in found:
            found[service.host] = entry, service
            continue
        first, kept = found[service.host]
        if _alike(first, kept, entry, service):
            numbers = {port.number for port in kept.ports}
            more = tuple(one for one in service.ports if one.number not in numbers)
            found[service.host] = first, replace(kept, ports=(*kept.ports, *more))
    return tuple(
        joined.of_namespace(service, seen_by=node.namespace) for _, service in found.values()
    )


class _Joined:
    """What all entries of one host and namespace have together, whoever may see each of them."""

    def __init__(self, declared: Iterable[Service]) -> None:
        self._declared = tuple(declared)

    def of_namespace(self, service: Service, seen_by: str) -> Service:
        """Return a service with the endpoints and identities of its host in its namespace."""
        same_host = [one for one in self._declared if one.host == service.host]
        same = [one for one in same_host if one.namespace == service.namespace]
        eldest: dict[str, Service] = {}
        for one in same_host:
            eldest.setdefault(one.namespace, one)
        return replace(
            service,
            endpoints=tuple(endpoint for one in same for endpoint in one.endpoints),
            identities=tuple(sorted({name for one in same for name in one.identities})),
            ports_by_namespace={
                namespace: one.ports for namespace, one in eldest.items() if one.visible_in(seen_by)
            },
        )


def _alike(first: "Document", kept: Service, entry: "Document", service: Service) -> bool:
    """Tell whether the ports of two entries of one host are joined."""
    ours, theirs = ((one.namespace, one.resolution, set(one.export_to)) for one in (kept, service))
    return ours == theirs and first.labels == entry.labels


def labels_of(node: "Node", mesh: Iterable[Service]) -> Mapping[str, str]:
    """Return the proxy's labels: those of the endpoint that has its address, else its own."""
    for service in mesh:
        for endpoint in service.endpoints:
            if endpoint.address == node.ip and service.namespace == node.namespace:
                return endpoint.labels
    return node.labels


def listen_ports(number: int, node: "Node", mesh: Iterable[Service]) -> tuple[int, ...]:
    """Return the ports Envoy listens on for a Gateway's port: the target ports of its service."""
    found = {
        endpoint.ports[port.name]: None
        for service in mesh
        if service.namespace == node.namespace
        for port in service.ports
        if port.number == number
        for endpoint in service.endpoints
        if endpoint.address == node.ip
    }
    return tuple(found) or (number,)


def _services(entry: "Document") -> Iterable[Service]:
    spec = entry.spec
    ports = tuple(
        ServicePort(
            number=port["number"],
            name=port["name"],
            protocol=port["protocol"].upper(),
            target=port.get("targetPort") or port["number"],
        )
        for port in spec.get("ports") or []
    )
    resolution = spec.get("resolution") or "NONE"
    for host in spec["hosts"]:
        # A service found by DNS that names no endpoints is found under its own name.
        by_name = [{"address": host}] if resolution in _BY_NAME else []
        yield Service(
            host=host,
            namespace=entry.namespace,
            ports=ports,
            endpoints=tuple(_endpoint(one, ports) for one in spec.get("endpoints") or by_name),
            resolution=resolution,
            external=spec.get("location", "MESH_EXTERNAL") == "MESH_EXTERNAL",
            export_to=tuple(spec.get("exportTo") or ("*",)),
            identities=_identities(entry),
        )


def _identities(entry: "Document") -> tuple[str, ...]:
    accounts = (one.get("serviceAccount") for one in entry.spec.get("endpoints") or [])
    return (
        *(entry.spec.get("subjectAltNames") or []),
        *(f"spiffe://{hosts.DOMAIN}/ns/{entry.namespace}/sa/{one}" for one in accounts if one),
    )


def _endpoint(value: Mapping[str, Any], ports: Iterable[ServicePort]) -> Endpoint:
    own = value.get("ports") or {}
    return Endpoint(
        address=value["address"],
        ports={port.name: own.get(port.name, port.target) for port in ports},
        labels=value.get("labels") or {},
        locality=value.get("locality") or "",
        weight=value.get("weight") or 1,
    )
