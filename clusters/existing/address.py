"""Where clients on this machine reach the gateway: as told, or as its Services say."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from clusters.existing.api import Api
    from clusters.existing.pods import Pod

CONNECT_SECONDS = 5.0
_PLAIN = ("http2", "http")
_PORTS = {"http": 80, "https": 443}


class NoAddress(ValueError):
    """It cannot be told where the gateway is reached; the text says what to give."""


class NotAnswering(ConnectionError):
    """Nothing can be reached at the gateway's address."""


def find(api: Api, pods: Sequence[Pod]) -> tuple[str, str]:
    """Return the URL of the gateway that these pods are, and the words for where it is from.

    A load balancer's address is preferred to the port of a node. Raises NoAddress.
    """
    namespace = pods[0].namespace
    services = [
        one
        for one in api.items(f"/api/v1/namespaces/{namespace}/services")
        if (wanted := one["spec"].get("selector"))
        and all(wanted.items() <= pod.labels.items() for pod in pods)
    ]
    for offers in (_load_balancers, _node_ports):
        for url, origin in offers(services, pods):
            return url, origin
    told = "; ".join(map(_described, services)) or "none selects its pods"
    raise NoAddress(
        f"no address of the gateway is known: {len(services)} Services in {namespace} lead to it\n"
        f"last seen: {told}\n"
        "likely cause: it is reached in a way that its Services do not tell, such as a proxy, or "
        "a port of this machine\n"
        "Hint: --gateway-url=http://HOST:PORT"
    )


def _load_balancers(
    services: Iterable[Mapping[str, Any]], _: Sequence[Pod]
) -> Iterator[tuple[str, str]]:
    for service in services:
        for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress") or []:
            host = ingress.get("hostname") or ingress.get("ip")
            port = _plain(service)
            if host and port:
                name = service["metadata"]["name"]
                yield _url(host, port["port"]), f"load balancer of the Service {name}"


def _node_ports(
    services: Iterable[Mapping[str, Any]], pods: Sequence[Pod]
) -> Iterator[tuple[str, str]]:
    for service in services:
        port = _plain(service)
        # The machine that the pod is on answers whatever the traffic policy is.
        if port and port.get("nodePort") and pods[0].node:
            name = service["metadata"]["name"]
            yield _url(pods[0].node, port["nodePort"]), f"node port of the Service {name}"


def _plain(service: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the port for unencrypted HTTP."""
    ports: list[Mapping[str, Any]] = service["spec"].get("ports") or []
    named = [port for port in ports if port.get("name") in _PLAIN]
    return next(iter(named or [port for port in ports if port["port"] == 80]), None)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _described(service: Mapping[str, Any]) -> str:
    ports = ", ".join(
        f"{port.get('name', '')} {port['port']}".strip() for port in service["spec"]["ports"]
    )
    return f"{service['metadata']['name']} is a {service['spec']['type']} with the ports {ports}"


def check(url: str) -> None:
    """Raise NoAddress for what is no URL, NotAnswering where nothing can be reached.

    Refused connections are none of that: a gateway without a Gateway document listens nowhere yet.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if not (port and parts.hostname) or parts.path.strip("/") or parts.query:
        raise NoAddress(
            f"--gateway-url={url} is no address of a gateway: it takes a scheme, a host and "
            "perhaps a port\nHint: --gateway-url=http://HOST:PORT"
        )
    try:
        socket.create_connection((parts.hostname, port), CONNECT_SECONDS).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return
    except OSError as error:
        why = (
            f"no answer within {CONNECT_SECONDS:g} s" if isinstance(error, TimeoutError) else error
        )
        raise NotAnswering(
            f"the gateway cannot be reached at {url}: {why}\n"
            "likely cause: the address is of a network that this machine is not in\n"
            f"Hint: curl -sv {url}/"
        ) from error
