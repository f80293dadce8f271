"""The services of the mesh, as ServiceEntries declare them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.pilot.documents import NotBuilt
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
    """One host of the mesh with its ports and endpoints."""

    host: str
    namespace: str
    ports: tuple[ServicePort, ...]
    endpoints: tuple[Endpoint, ...]
    external: bool
    resolution: str = "NONE"
    export_to: tuple[str, ...] = field(default=("*",))

    def visible_in(self, namespace: str) -> bool:
        """Tell whether a proxy of a namespace gets this service."""
        return exported(self.export_to, self.namespace, namespace)


def exported(export_to: Iterable[str], owner: str, namespace: str) -> bool:
    """Tell whether exportTo (empty: everywhere) shows a document to a namespace."""
    targets = tuple(export_to) or ("*",)
    return "*" in targets or namespace in targets or ("." in targets and owner == namespace)


def services(documents: Iterable["Document"], node: "Node") -> tuple[Service, ...]:
    """Return the services that the node may see, oldest document first.

    Raises NotBuilt where two documents declare one host, because how istiod joins them is not.
    """
    found: dict[str, Service] = {}
    entries = [one for one in documents if one.kind == "ServiceEntry"]
    for entry in sorted(entries, key=by_age):
        for service in _services(entry):
            if not service.visible_in(node.namespace):
                continue
            if service.host in found:
                raise NotBuilt(
                    f"{entry.source}: {entry}: the host {service.host} is declared twice; "
                    "joining ServiceEntries of one host is known to Istio but not built yet"
                )
            found[service.host] = service
    return tuple(found.values())


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
