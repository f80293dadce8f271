"""Connections into pods through the Kubernetes API: no process, no port of this machine."""

from __future__ import annotations

import http.client
import threading
import weakref
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import apply

if TYPE_CHECKING:
    import socket
    from pathlib import Path


#: A server that has fallen silent does not refuse either, and its client knows no limit for this.
OPEN_SECONDS = 10.0


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

        none = f"no connection to port {port} of the pod {namespace}/{pod}: "
        opened: Future[Any] = Future()
        threading.Thread(
            target=self._open, args=(opened, namespace, pod, port), name="a way in", daemon=True
        ).start()
        try:
            streams = opened.result(OPEN_SECONDS)
        except TimeoutError as error:
            opened.add_done_callback(_shut)
            raise NotForwarded(
                f"{none}the Kubernetes API says nothing for {OPEN_SECONDS:g} s"
            ) from error
        except ApiException as error:
            raise NotForwarded(f"{none}{' '.join(str(error.reason).split())[:500]}") from error
        # The client wraps it for http.client, which sets an option that such a socket lacks.
        found: socket.socket = streams.socket(port)._socket
        found.setblocking(True)
        # Where a pod ends, the client leaves its own connection to the API server open.
        weakref.finalize(found, streams.websocket.shutdown)
        return found

    def _open(self, opened: Future[Any], namespace: str, pod: str, port: int) -> None:
        from kubernetes.stream import portforward

        try:
            with self._lock:
                connect = self._api.connect_get_namespaced_pod_portforward
                opened.set_result(portforward(connect, pod, namespace, ports=str(port)))
        except Exception as error:  # raised again by the thread that asked
            opened.set_exception(error)


def _shut(late: Future[Any]) -> None:
    """Close a connection that nobody waits for any more."""
    if late.exception() is None:
        late.result().websocket.shutdown()


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
