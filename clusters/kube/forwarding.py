"""Connections into pods through the Kubernetes API: no process, no port of this machine."""

from __future__ import annotations

import http.client
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import apply

if TYPE_CHECKING:
    import socket
    from pathlib import Path


class NotForwarded(OSError):
    """No connection into a pod; the text says which one and why."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Opens connections into pods; make one with `forwarding`.

    The client's port-forward puts another method into its own client while it connects. So that
    client is nobody else's, and only one thread at a time is let at it.
    """

    _api: Any
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def socket(self, namespace: str, pod: str, port: int) -> socket.socket:
        """Return a connection to a port of a pod's loopback; raises NotForwarded."""
        from kubernetes.client.exceptions import ApiException
        from kubernetes.stream import portforward

        try:
            with self._lock:
                streams = portforward(
                    self._api.connect_get_namespaced_pod_portforward,
                    pod,
                    namespace,
                    ports=str(port),
                )
        except ApiException as error:
            raise NotForwarded(
                f"no connection to port {port} of the pod {namespace}/{pod}: "
                f"{' '.join(str(error.reason).split())[:500]}"
            ) from error
        # The client wraps it for http.client, which sets an option that such a socket lacks.
        found: socket.socket = streams.socket(port)._socket
        found.setblocking(True)
        # Where a pod ends, the client leaves its own connection to the API server open.
        weakref.finalize(found, streams.websocket.shutdown)
        return found


class Connection(http.client.HTTPConnection):
    """HTTP to a port of a pod."""

    def __init__(
        self, forwarding: Forwarding, namespace: str, pod: str, port: int, *, timeout: float
    ) -> None:
        super().__init__(pod, port, timeout=timeout)
        self._where = (forwarding, namespace, pod)

    def connect(self) -> None:
        """Open it; raises NotForwarded."""
        forwarding, namespace, pod = self._where
        self.sock = forwarding.socket(namespace, pod, self.port)
        self.sock.settimeout(self.timeout)


def forwarding(kubeconfig: Path, context: str) -> Forwarding:
    """Return what opens connections into the pods of a context; raises apply.BadKubeconfig."""
    from kubernetes import client

    return Forwarding(client.CoreV1Api(apply.api_client(kubeconfig, context=context)))
