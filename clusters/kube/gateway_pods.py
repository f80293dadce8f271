"""The pods that are the gateway: each a proxy with an admin interface, a log and its progress."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.following import Follower
from clusters.istio.agent_log import AgentLog
from clusters.kube.forwarding import Connection
from clusters.kube.pod_log import PodLog
from clusters.kube.progress import Progress
from clusters.proxy import ADMIN_SECONDS, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from clusters.kube.forwarding import Forwarding
    from clusters.kube.target import Target

PROXY = "istio-proxy"
ADMIN_PORT = 15000
READY_SECONDS = 120.0
#: For each of the client's four attempts: an API may fall silent with its connections open.
REQUEST_SECONDS = (10.0, 10.0)


class NoGateway(Exception):
    """No pod of the gateway is ready; the text says what there is."""


@dataclass(slots=True)
class GatewayPod:
    """One pod of the gateway."""

    name: str
    namespace: str
    uid: str
    restarts: int
    labels: Mapping[str, str]
    proxy: Proxy
    log: PodLog
    progress: Progress = field(default_factory=Progress)
    said: AgentLog = field(default_factory=AgentLog)
    _follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self._follower = Follower(self.log.file)

    @property
    def id(self) -> str:
        """Return how istiod calls the proxy."""
        return f"{self.name}.{self.namespace}"

    def listen(self) -> None:
        """Take in what the log has told since the last time."""
        lines = list(self._follower.new_lines())
        self.progress.hear(lines)
        self.said.read(_entries(lines))
        if not lines:
            self.said.pause()

    def close(self) -> None:
        """Let go of the pod."""
        self.log.close()
        self.proxy.close()


def _entries(lines: list[str]) -> list[str]:
    """Return the lines that are the agent's or the proxy's, not those of an access log."""
    return [line for line in lines if not line.startswith(("[", "{"))]


def _events(api: Any, namespace: str) -> list[Any]:
    return list(api.list_namespaced_event(namespace, _request_timeout=REQUEST_SECONDS).items)


@dataclass(slots=True)
class GatewayPods:
    """The ready pods of a target's gateway, as they were when last looked at.

    `api` makes a CoreV1Api of the `kubernetes` package; `folder` takes the logs.
    """

    target: Target
    forwarding: Forwarding
    api: Callable[[], Any]
    folder: Path
    _api: Any = None
    _there: dict[str, GatewayPod] = field(default_factory=dict)

    def __iter__(self) -> Iterator[GatewayPod]:
        return iter(self._there.values())

    @property
    def first(self) -> GatewayPod:
        """Return one of them, the same as long as it is there; raises NoGateway."""
        for pod in self:
            return pod
        raise self._none()

    def __len__(self) -> int:
        return len(self._there)

    def istiods(self) -> list[str]:
        """Return the names of the istiods that are ready."""
        return [one.metadata.name for one in self._ready(self.target.root_namespace, "app=istiod")]

    def look(self) -> None:
        """Look which pods there are; raises NoGateway and apply.KubeError."""
        ready = self._ready(self.target.gateway_namespace, self._selector)
        found = {one.metadata.uid: one for one in ready}
        for uid in [uid for uid in self._there if uid not in found]:
            self._there.pop(uid).close()
        for uid, pod in found.items():
            if uid not in self._there:
                self._there[uid] = self._pod(pod)
            self._there[uid].restarts = _restarts(pod)
        if not self._there:
            raise self._none()

    def _none(self) -> NoGateway:
        namespace, selector = self.target.gateway_namespace, self._selector
        return NoGateway(
            f"no pod of the gateway ({selector} in {namespace}) is ready\n"
            f"Hint: kubectl --context={self.target.context} -n {namespace} get pods -l {selector}"
        )

    def wait(self) -> None:
        """Look until there are pods; raises NoGateway."""

        def seen() -> NoGateway | None:
            try:
                self.look()
            except NoGateway as error:
                return error
            return None

        try:
            waiting.until(
                seen,
                lambda error: error is None,
                what="the gateway being ready",
                within=READY_SECONDS,
                every=0.2,
            )
        except waiting.TimedOut as error:
            raise NoGateway(str(error)) from error

    def leaving(self) -> list[str]:
        """Return the names of pods that are about to end, whom new connections may still reach."""
        found = self._listed(self.target.gateway_namespace, self._selector)
        return sorted(pod.metadata.name for pod in found if pod.metadata.deletion_timestamp)

    def described(self) -> list[dict[str, Any]]:
        """Return the gateway's pods as the API server has them, ready or not."""
        found = self._listed(self.target.gateway_namespace, self._selector)
        serialised: list[dict[str, Any]] = self._api.api_client.sanitize_for_serialization(found)
        return serialised

    def events(self) -> list[Any]:
        """Return the events in the namespaces of the gateway and of the run, oldest first."""
        namespaces = dict.fromkeys((self.target.gateway_namespace, self.target.namespace))
        with self._asking("listing events") as api:
            found = [each for one in namespaces for each in _events(api, one)]
        return sorted(found, key=lambda event: str(event.last_timestamp))

    def log_of_istiod(self, name: str, since: float) -> str:
        """Return what an istiod logged since a time, as a clock has it."""
        seconds = max(1, int(time.time() - since) + 1)
        with self._asking(f"reading the log of {name}") as api:
            return str(
                api.read_namespaced_pod_log(
                    name,
                    self.target.root_namespace,
                    since_seconds=seconds,
                    _request_timeout=REQUEST_SECONDS,
                )
            )

    def close(self) -> None:
        """Let go of all."""
        while self._there:
            self._there.popitem()[1].close()

    @property
    def _selector(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.target.gateway_labels.items())

    def _listed(self, namespace: str, selector: str) -> list[Any]:
        with self._asking(f"listing the pods of {namespace} with {selector}") as api:
            found = api.list_namespaced_pod(
                namespace, label_selector=selector, _request_timeout=REQUEST_SECONDS
            )
            return list(found.items)

    @contextmanager
    def _asking(self, what: str) -> Iterator[Any]:
        self._api = self._api or self.api()
        with apply.errors(self._api.api_client.configuration.host, what):
            yield self._api

    def _ready(self, namespace: str, selector: str) -> list[Any]:
        return [
            pod
            for pod in self._listed(namespace, selector)
            if pod.metadata.deletion_timestamp is None
            and any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])
        ]

    def _pod(self, pod: Any) -> GatewayPod:
        name, namespace = pod.metadata.name, pod.metadata.namespace

        def connection() -> Connection:
            return Connection(self.forwarding, namespace, name, ADMIN_PORT, timeout=ADMIN_SECONDS)

        file = self.folder / f"{name}.log"
        return GatewayPod(
            name=name,
            namespace=namespace,
            uid=pod.metadata.uid,
            restarts=_restarts(pod),
            labels=dict(pod.metadata.labels or {}),
            proxy=Proxy(f"{namespace}/{name}", ADMIN_PORT, file, connection),
            log=PodLog(self.api(), namespace, name, PROXY, file),
        )


def _restarts(pod: Any) -> int:
    return sum(one.restart_count for one in pod.status.container_statuses or [])
