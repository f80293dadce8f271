"""What kind is told about the one node of a cluster."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import Any

import yaml

#: Ports of the node that the gateway's Service has: for its port 8080, and for a second listener.
GATEWAY_NODE_PORT, SPARE_NODE_PORT = 30080, 30081


def render(gateway_port: int, spare_port: int) -> str:
    """Return kind's configuration that leads two ports of this machine's loopback to the node."""
    mappings: list[dict[str, Any]] = [
        # Without an address they would be open to the network.
        {"containerPort": node, "hostPort": host, "listenAddress": "127.0.0.1"}
        for node, host in ((GATEWAY_NODE_PORT, gateway_port), (SPARE_NODE_PORT, spare_port))
    ]
    config = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [{"role": "control-plane", "extraPortMappings": mappings}],
    }
    return yaml.safe_dump(config, sort_keys=False)


def free_ports(count: int) -> list[int]:
    """Return different ports of loopback that nobody listens on at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
