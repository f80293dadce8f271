"""A gateway in a Kubernetes cluster: documents through its API, proof from istiod and the proxy.

Nothing there needs another log level, and nothing on this machine is opened: modules and the
application are reached through a relay in the cluster.
"""

from __future__ import annotations

import itertools
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import InitVar, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from clusters import apply, rendering, waiting
from clusters.cluster import Delivery, NotAlterable
from clusters.deliveries import Deliveries
from clusters.gateway import Gateway, Unanswered
from clusters.istio import received
from clusters.kube import evidence, extensions, istiod, relay_pod, rollout, spaces, translation
from clusters.kube.forwarding import forwarding
from clusters.kube.gate import Gate
from clusters.kube.gateway_pods import GatewayPods
from clusters.kube.stored import Stored
from clusters.kube.translation import Translation
from clusters.pilot import documents as istio_documents
from clusters.pilot import tlssecrets
from clusters.pilot.node import INGRESS_LABELS, Node, ingress_gateway
from clusters.pilot.push import Snapshot, push

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusters.cluster import Proof
    from clusters.deliveries import Documents
    from clusters.kube.gateway_pods import GatewayPod
    from clusters.kube.target import Target
    from clusters.kube.tunnel import Tunnel
    from clusters.pilot.documents import Document
    from clusters.proxy import Proxy
    from clusters.release import Release

ANSWER_SECONDS = 60.0
#: How late a gateway's pod that is gone may be noticed by checks that change nothing.
LOOK_SECONDS = 1.0
MACHINES_SECONDS = 30.0
#: One pod may take several connections in a row; more of them are not all met by so many either.
ANSWERS_PER_POD = 3


class NoGatewayAnswer(Exception):
    """The gateway does not answer as the base documents want."""


@dataclass(slots=True, repr=False)
class KubernetesCluster:
    """A gateway in a cluster; make one with `running`.

    `disagreements` are sentences about what istiod did otherwise than the embedded control plane
    would have.
    """

    release: Release
    gateway: Gateway
    disagreements: list[str]
    target: Target
    _node: Node
    _pods: GatewayPods
    _gate: Gate
    _stored: Stored
    _tunnel: Tunnel
    _snapshot: Snapshot
    base: InitVar[Documents]
    _deliveries: Deliveries = field(init=False)
    _marks: dict[str, int] = field(default_factory=dict)
    _began: float = field(default_factory=time.time)
    _looked: float = 0.0
    _names: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self, base: Documents) -> None:
        self._deliveries = Deliveries(
            held=base,
            gateway=self.gateway,
            deliver=self._deliver,
            check_listeners=self._gate.check_listeners,
            in_a_row=lambda: 1 if len(self._pods) == 1 else ANSWERS_PER_POD * len(self._pods),
        )

    def __repr__(self) -> str:
        return f"<gateway of {self.target.context} at {self.gateway.url}>"

    @property
    def proxy(self) -> Proxy:
        """Return the running proxy, of several pods one."""
        return self._pods.first.proxy

    @property
    def pods(self) -> tuple[str, ...]:
        """Return the uids of the gateway's pods, as they were when last looked at."""
        return tuple(pod.uid for pod in self._pods)

    @property
    def process(self) -> str:
        """Return what tells the gateway's pods and their containers from others."""
        self._pods.look()
        return ", ".join(f"pod {pod.uid}, {pod.restarts} restarts" for pod in self._pods)

    def as_written(self, name: str) -> str:
        """Return a name that the proxy has, such as a cluster's, as documents for any place do."""
        return self._stored.translation.as_written(name)

    def wait_for_machines(self, count: int) -> None:
        """Wait until each proxy has so many Wasm virtual machines; raises waiting.TimedOut.

        Those of a removed filter end when its listener has drained.
        """
        for pod in self._pods:
            waiting.until(
                pod.proxy.machines,
                lambda seen: seen == count,
                what=f"{count} Wasm virtual machines in the proxy of {pod.name}",
                within=pod.proxy.drain_seconds() + MACHINES_SECONDS,
                every=0.05,
            )

    def render(self, url: str, configuration: str, *, name: str, **options: Any) -> str:
        """Return EnvoyFilter documents for a published module, under a name not used before.

        A used name could still be served by the filter that had it, while its listener drains.
        """
        return rendering.render(url, configuration, name=f"{name}-{next(self._names)}", **options)

    def delivered(self, documents: str) -> AbstractContextManager[Delivery]:
        """Apply documents whatever becomes of them; take them back on exit."""
        return self._deliveries.delivered(documents)

    def applied(
        self, documents: str, *, proof: Proof | None = None
    ) -> AbstractContextManager[Delivery]:
        """Apply documents and yield once their effect is proven; undo it and prove that too."""
        return self._deliveries.applied(documents, proof=proof)

    @contextmanager
    def agent_environment(self, **variables: str) -> Iterator[None]:
        """Let the gateway's pods begin anew with variables of their environment.

        Raises NotAlterable where the gateway is not this run's own.
        """
        if not self.target.owned:
            raise NotAlterable(
                "the gateway would have to start anew with another environment of its agent "
                f"({', '.join(variables)}), and it is not this run's own"
            )
        with rollout.environment(self._pods, self.target, variables, self._settle):
            yield

    def mark(self) -> None:
        """Let the evidence of a test begin here; raises where the gateway or the relay is gone."""
        self._tunnel.check()
        # Every check begins here, and to ask the API takes as long as several requests.
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._pods.look()
            self._looked = time.monotonic()
        self.gateway.transcript.clear()
        self._marks = {pod.uid: pod.proxy.log_size() for pod in self._pods}
        self._began = time.time()

    def evidence(self, folder: Path) -> None:
        """Write what is known about the gateway since the last mark into `folder`."""
        evidence.write(
            folder,
            pods=self._pods,
            marks=self._marks,
            since=self._began,
            stored=self._stored,
            istiods=self._gate.istiods,
            transcript=self.gateway.transcript,
            documents=self._deliveries.held.values(),
            outcomes=self._snapshot.outcomes,
        )

    def _deliver(self, documents: Documents, new: tuple[Document, ...]) -> Delivery:
        self._gate.wait_until_forgotten(extensions.brought(new))
        self._gate.begin()
        began = time.monotonic()
        logs = [(pod, pod.proxy.log_size()) for pod in self._pods]
        snapshot = self._change(documents)
        refused = {pod.name: self._gate.refusals(pod) for pod in self._pods}
        self._gate.wait_for_log()
        # As they were given: those of one second have their names for an order in the cluster.
        order = {document.key: at for at, document in enumerate(new)}
        mine = [one for one in snapshot.outcomes if one.document in order]
        back = self._stored.translation.back
        failures = [self._gate.failures(pod, snapshot.extensions, back) for pod in self._pods]
        held = [self._gate.held(pod) for pod in self._pods]
        return Delivery(
            outcomes=received.shown(
                sorted(mine, key=lambda one: (order[one.document], one.index)),
                documents.values(),
                self._gate.sent,
            ),
            fetch_failures=_once(failures),
            agent_nack=next(filter(None, map(back, held)), ""),
            refusals=_once(tuple(map(back, each)) for each in refused.values()),
            waiting_for=_once(
                (*self._gate.unmet(pod), *_awaited_secrets(pod, snapshot)) for pod in self._pods
            ),
            log=back("".join(pod.proxy.log_since(size) for pod, size in logs)),
            seconds=time.monotonic() - began,
        )

    def _change(self, documents: Documents) -> Snapshot:
        """Store these documents, and return what they foretell once it has gone all the way."""
        self._gate.wait_until_noticed(self._stored.change(documents))
        snapshot = push(tuple(self._stored.documents.values()), self._node, self.release)
        foretold = {one["name"]: one for one in snapshot.extensions}
        before = {one["name"]: one for one in self._snapshot.extensions}
        changed = {
            name: extensions.fetching(one)
            for name, one in foretold.items()
            if one != before.get(name)
        }
        self._gate.wait(self._stored.mark(), foretold, changed)
        expected = {each["name"] for each in snapshot.listeners}
        ours = [each for each in self._gate.sent if each["name"] in expected]
        self._note(received.disagreements(snapshot.listeners, map(extensions.without_istios, ours)))
        self._snapshot = snapshot
        return snapshot

    def _settle(self) -> None:
        """Wait until pods that are new have all that the others had."""
        self._gate.begin()
        self._change(self._stored.documents)

    def _note(self, disagreements: tuple[str, ...]) -> None:
        self.disagreements.extend(set(disagreements) - set(self.disagreements))


def _once(told: Any) -> tuple[str, ...]:
    """Return what several pods said, each sentence once."""
    return tuple(dict.fromkeys(itertools.chain.from_iterable(told)))


def _awaited_secrets(pod: GatewayPod, snapshot: Snapshot) -> tuple[str, ...]:
    named = set(tlssecrets.named_in((*snapshot.listeners, *snapshot.clusters)))
    return tuple(sorted(named & pod.proxy.warming_secrets())) if named else ()


@contextmanager
def running(
    target: Target, release: Release, base: str, folder: Path, disagreements: list[str]
) -> Iterator[KubernetesCluster]:
    """Serve the `base` documents by a target's gateway; everything of the run goes with the block.

    `folder` takes the logs. Raises apply.KubeError, relay_pod.RelayFailed, tunnel.TunnelBroken,
    gateway_pods.NoGateway, istiod.IstiodUnreachable and gate.NotProven.
    """
    with ExitStack() as stack:
        kube = apply.connect(target.kubeconfig, context=target.context, run=target.run)
        stack.callback(kube.close)
        if not target.run:
            stack.enter_context(spaces.made(kube, target.namespace))
        ways = forwarding(target.kubeconfig, target.context)
        pods = GatewayPods(target, ways, _api_of(target), folder)
        stack.callback(pods.close)
        pods.wait()
        istiods = istiod.Istiods(target.root_namespace, ways, pods.istiods)
        stack.callback(istiods.close)
        held = stack.enter_context(
            relay_pod.running(kube, ways, target.namespace, target.relay_image)
        )
        stored = Stored(kube, Translation(target, held.host, held.tunnel.reach))
        stack.enter_context(_cleared(stored, target))
        gateway = Gateway(target.gateway_url)
        stack.callback(gateway.close)
        cluster = KubernetesCluster(
            release=release,
            gateway=gateway,
            disagreements=disagreements,
            target=target,
            _node=_node(target, pods.first, istiods.version(pods.first.id)),
            _pods=pods,
            _gate=Gate(pods, istiods),
            _stored=stored,
            _tunnel=held.tunnel,
            _snapshot=push((), ingress_gateway(release.version), release),
            base={one.key: one for one in istio_documents.parse(base, source="base documents")},
        )
        cluster._deliver(cluster._deliveries.held, ())
        _wait_for_answer(gateway)
        yield cluster


def _api_of(target: Target) -> Any:
    from kubernetes import client

    return lambda: client.CoreV1Api(apply.api_client(target.kubeconfig, context=target.context))


def _node(target: Target, pod: GatewayPod, version: str) -> Node:
    """Return the proxy as suites know it: the well-known gateway, with all labels that it has."""
    root = target.gateway_namespace == target.root_namespace
    namespace = translation.ROOT if root else target.gateway_namespace
    return replace(
        ingress_gateway(version, namespace=namespace),
        labels={**INGRESS_LABELS, **pod.labels, **translation.LABELS},
    )


@contextmanager
def _cleared(stored: Stored, target: Target) -> Iterator[None]:
    """Remove what was stored; tell what is left where that fails."""
    try:
        yield
    finally:
        try:
            stored.clear()
        except BaseException:
            left = "".join(f"\n  {name}" for name in stored.left())
            print(
                f"left behind in {target.context}:{left}\n"
                f"Hint: python -m clusters clean --kube-context={target.context} "
                f"--kubeconfig={target.kubeconfig}",
                file=sys.stderr,
            )
            raise


def _wait_for_answer(gateway: Gateway) -> None:
    def ask() -> str:
        try:
            return str(gateway.send("GET", "/productpage").status)
        except Unanswered as error:
            return str(error)

    try:
        waiting.until(
            ask,
            waiting.in_a_row(3, lambda seen: seen == "200"),
            what="the gateway answering from this machine's application",
            within=ANSWER_SECONDS,
            every=0.05,
        )
    except waiting.TimedOut as error:
        raise NoGatewayAnswer(
            f"{error}\nlikely cause: {gateway.url} leads elsewhere, or other routes take precedence"
            f"\nHint: curl -i {gateway.url}/productpage"
        ) from error
