"""The server's life: a listening socket on loopback, a thread for each client, a prompt end."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from typing import TYPE_CHECKING, Any

from clusters.local import loopback
from clusters.local.apiserver.api import Api
from clusters.local.apiserver.connection import Connection
from clusters.local.apiserver.resources import ISTIO
from clusters.ownership import FIELD_MANAGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from clusters.local.apiserver.evidence import Written
    from clusters.local.apiserver.resources import Resource
    from clusters.local.apiserver.writing import Admission

NAMESPACES = ("default", "istio-system")


class ApiServer:
    """A Kubernetes API on loopback that holds one run's documents."""

    def __init__(self, api: Api, listener: socket.socket) -> None:
        self._api = api
        self._listener = listener
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._wake, self._waker = socket.socketpair()
        self._accepting = threading.Thread(target=self._accept, name="apiserver accepts")
        self.url = f"http://{loopback.ADDRESS}:{listener.getsockname()[1]}"

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig file for this server; returns its path."""
        name = "istio-wasm-conformance"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": self.url}}],
            "users": [{"name": name, "user": {}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
        path.write_text(json.dumps(config, indent=2))
        return path

    def objects(self) -> list[dict[str, Any]]:
        """Return every object that is held, the definitions of Istio's kinds among them."""
        return self._api.store.objects()

    def written(self) -> tuple[Written, ...]:
        """Return what others than this run wrote: istiod's status, events, leases, configmaps."""
        return self._api.writings.by_others(FIELD_MANAGER)

    def put(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object as it is stored, admitted by nobody; it keeps its time of creation."""
        return self._api.put(thing)

    def drop(self, thing: Mapping[str, Any]) -> None:
        """Remove the object of that kind, namespace and name."""
        self._api.drop(thing)

    def start(self) -> None:
        """Begin to accept clients."""
        self._accepting.start()

    def stop(self) -> None:
        """End every watch and connection; returns when the last thread is gone."""
        self._waker.send(b"\0")
        self._accepting.join()
        with self._lock:
            clients = dict(self._clients)
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in clients.values():
            thread.join()
        for end in (self._listener, self._wake, self._waker):
            end.close()

    def _accept(self) -> None:
        ready = select.poll()  # select() itself knows only descriptors below 1024
        for one in (self._listener, self._wake):
            ready.register(one, select.POLLIN)
        while True:
            if self._wake.fileno() in {end for end, _ in ready.poll()}:
                return
            try:
                client, address = self._listener.accept()
            except OSError:
                continue  # it went away again before it was accepted
            thread = threading.Thread(
                target=self._serve, args=(client, address), name=f"apiserver client {address[1]}"
            )
            with self._lock:
                self._clients[client] = thread
            thread.start()

    def _serve(self, client: socket.socket, address: Any) -> None:
        try:
            Connection(client, address, self._api)
        except (ConnectionError, TimeoutError):
            pass  # the client is gone; what it asked for is done or refused already
        finally:
            with self._lock:
                del self._clients[client]
            client.close()


@contextlib.contextmanager
def serving(
    admission: Admission = lambda _: (),
    *,
    kinds: Sequence[Resource] = ISTIO,
    namespaces: Sequence[str] = NAMESPACES,
) -> Iterator[ApiServer]:
    """Serve a Kubernetes API on a free loopback port while the block runs.

    `admission` gives the warnings about a document of an Istio kind or raises ApiError to refuse
    it (see admission.py; without it everything is admitted); `kinds` are the custom resources
    there are (see resources.istio).
    """
    listener = socket.create_server((loopback.ADDRESS, 0), backlog=128)
    server = ApiServer(Api(kinds, namespaces, admission), listener)
    server.start()
    try:
        yield server
    finally:
        server.stop()
