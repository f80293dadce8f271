"""The local place under real Istio: istiod, pilot-agent and its Envoy as plain processes.

Documents go through a small Kubernetes API on loopback. A delivery is over when istiod has made
and sent a push of the changed documents, the agent has passed it on, and Envoy has answered.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from contextlib import ExitStack, contextmanager
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from clusters import apply, evidence, gate, redaction, rendering, waiting
from clusters.cluster import Delivery
from clusters.deliveries import Deliveries
from clusters.gateway import Gateway
from clusters.istio import received
from clusters.local import apiserver, homebound, istiod, pilot_agent
from clusters.local.announced import announced, in_order
from clusters.local.apiserver import admission, resources
from clusters.local.conversation import Conversation
from clusters.local.doorway import Doorway
from clusters.local.session import Session
from clusters.pilot import agentsecrets, tlssecrets
from clusters.pilot import documents as istio_documents
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.node import Node, ingress_gateway
from clusters.pilot.push import Snapshot, push

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusters.apply import Kube
    from clusters.cluster import Proof
    from clusters.deliveries import Documents
    from clusters.local.apiserver import ApiServer
    from clusters.local.binaries import Binaries
    from clusters.pilot.documents import Document
    from clusters.proxy import Proxy
    from clusters.release import Release

MACHINES_SECONDS = 30.0


@dataclass(slots=True, repr=False)
class IstiodCluster:
    """A running gateway under real Istio; make one with `running`.

    `disagreements` are sentences about what istiod did otherwise than the embedded control plane
    would have.
    """

    release: Release
    gateway: Gateway
    disagreements: list[str]
    _node: Node
    _session: Session
    _api: ApiServer
    _kube: Kube
    _loopback: Document
    _snapshot: Snapshot
    base: InitVar[Documents]
    _stored: Documents = field(init=False)
    _deliveries: Deliveries = field(init=False)
    _doorway: Doorway = field(init=False)
    _log_mark: int = 0
    _names: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self, base: Documents) -> None:
        self._stored = dict(base)
        self._doorway = Doorway(self._session.listener, self.gateway, lambda: self.proxy)
        self._deliveries = Deliveries(
            held=base,
            gateway=self.gateway,
            deliver=self._deliver,
            check_listeners=lambda: gate.check_listeners(self.proxy, self._session.sent),
        )

    def __repr__(self) -> str:
        return f"<gateway under istiod {self.release.version} at {self.gateway.url}>"

    @property
    def proxy(self) -> Proxy:
        """Return the running proxy."""
        return self._session.agent.proxy

    @property
    def process(self) -> str:
        """Return the process id of the running Envoy."""
        self._session.check()
        return f"pid {self._session.agent.envoy_pid()}"

    def as_written(self, name: str) -> str:
        """Return the name itself: documents are served here as they are."""
        return name

    def wait_for_machines(self, count: int) -> None:
        """Wait until the proxy has so many Wasm virtual machines; raises waiting.TimedOut."""
        waiting.until(
            self.proxy.machines,
            lambda seen: seen == count,
            what=f"{count} Wasm virtual machines in the proxy",
            within=MACHINES_SECONDS,
            every=0.05,
        )

    def render(self, url: str, configuration: str, *, name: str, **options: Any) -> str:
        """Return EnvoyFilter documents for a published module, under a name not used before."""
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
        """Let the agent, and with it the proxy, begin anew with variables of its environment."""
        self.gateway.url = self._session.restart_agent(variables)
        try:
            yield
        finally:
            self.gateway.url = self._session.restart_agent({})

    def mark(self) -> None:
        """Let the evidence of a test begin here; raises processes.ProcessFailed if one ended."""
        # Else what died under one test would pass for the fault of every later one.
        self._session.check()
        self.gateway.transcript.clear()
        self._log_mark = self.proxy.log_size()

    def evidence(self, folder: Path) -> None:
        """Write what is known about the proxy since the last mark into `folder`."""
        evidence.write(
            folder,
            proxy=self.proxy,
            log=self.proxy.log_since(self._log_mark),
            transcript=self.gateway.transcript,
            documents=self._deliveries.held.values(),
            outcomes=self._snapshot.outcomes,
        )
        self._session.evidence(folder)
        written = [dataclasses.asdict(one) for one in self._api.written()]
        stored = {"api-objects.yaml": self._api.objects(), "api-written.yaml": written}
        for name, objects in stored.items():
            (folder / name).write_text(
                yaml.safe_dump_all(map(redaction.thing, objects), sort_keys=False)
            )

    def _deliver(self, documents: Documents, new: tuple[Document, ...]) -> Delivery:
        session = self._session
        session.before_change()
        began, log = time.monotonic(), self.proxy.log_size()
        snapshot = push((self._loopback, *documents.values()), self._node, self.release)
        homebound.check(snapshot.listeners, documents.values())
        session.wait_for(self._change(documents))
        refusals = session.refusals()
        if not refusals:
            self._doorway.follow(session.sent)
        self._note(received.disagreements(snapshot.listeners, session.sent))
        self._snapshot = snapshot
        keys = {document.key for document in new}
        return Delivery(
            outcomes=received.shown(
                (one for one in snapshot.outcomes if one.document in keys),
                documents.values(),
                session.sent,
            ),
            fetch_failures=self._fetch_failures(snapshot),
            agent_nack=session.said.nack,
            refusals=refusals,
            waiting_for=(*session.unmet(), *_unreadable(snapshot)),
            log=self.proxy.log_since(log),
            seconds=time.monotonic() - began,
        )

    def _fetch_failures(self, snapshot: Snapshot) -> tuple[str, ...]:
        wanted = received.wanted(self._session.sent)
        extensions = [each for each in snapshot.extensions if each["name"] in wanted]
        told = received.concerning(self._session.said.failures, extensions)
        if told or not extensions:
            return told
        # Where a filter fails open, an agent before 1.26 says no word about it.
        names = self._session.substituted(extensions)
        if any(received.SUBSTITUTE_REFUSED in each for each in self._session.refusals()):
            names = names or {each["name"] for each in extensions}
        return tuple(
            f"the agent put an RBAC filter in the place of {name}, and says nothing about why"
            for name in sorted(names)
        )

    def _change(self, documents: Documents) -> set[str]:
        """Give the API server other documents; returns those that make istiod push, as it says."""
        changed, before = set(), tuple(self._stored.values())
        # The last one first: without its configuration a filter is not fetched once more.
        for key in [key for key in reversed(in_order(self._stored)) if key not in documents]:
            self._kube.delete(self._stored[key].written())
            del self._stored[key]
            changed.add("/".join(key))
        for key, document in in_order(documents).items():
            stored = self._stored.get(key)
            if stored is None or stored.written() != document.written():
                _apply(self._kube, document)
                self._stored[key] = document
                # Labels and annotations alone are no reason for a push.
                if stored is None or stored.spec != document.spec:
                    changed.add("/".join(key))
        return announced(changed, before, documents.values(), Behaviours.of(self.release))

    def _note(self, disagreements: tuple[str, ...]) -> None:
        self.disagreements.extend(set(disagreements) - set(self.disagreements))


def _unreadable(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the names of the certificates whose files the agent cannot read."""
    named = dict.fromkeys(tlssecrets.named_in((*snapshot.listeners, *snapshot.clusters)))
    return tuple(agentsecrets.unreadable(named))


def _apply(kube: Kube, document: Document) -> None:
    # The embedded control plane asks for no namespace to be there first; nor does this place.
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": document.namespace}}
    if kube.stored(namespace) is None:
        kube.apply(namespace)
    kube.apply(document.written())


@contextmanager
def running(
    release: Release,
    binaries: Binaries,
    envoy: Path,
    base: str,
    folder: Path,
    disagreements: list[str],
) -> Iterator[IstiodCluster]:
    """Run a gateway under real Istio that serves the `base` documents, all with the block's end.

    Raises processes.ProcessFailed or istiod.IstiodFailed with the last words of who failed, and
    gate.NotProven where the base documents do not reach the proxy.
    """
    node = ingress_gateway(release.version)
    documents = {one.key: one for one in istio_documents.parse(base, source="base documents")}
    with ExitStack() as stack:
        behaviours = Behaviours.of(release)
        api = stack.enter_context(
            apiserver.serving(admission=admission.of(behaviours), kinds=resources.istio(behaviours))
        )
        kubeconfig = api.kubeconfig(folder / "kubeconfig")
        kube = apply.connect(kubeconfig)
        stack.callback(kube.close)
        listeners = push(tuple(documents.values()), node, release).listeners
        loopback = homebound.patch(listeners)
        kube.apply(loopback.written())
        for document in documents.values():
            _apply(kube, document)
        control = istiod.start(
            binaries.istiod, kubeconfig, folder, istio_filters=binaries.istio_filters
        )
        stack.callback(control.process.kill)

        def begin(variables: Mapping[str, str]) -> pilot_agent.PilotAgent:
            return pilot_agent.start(binaries.agent, envoy, node, control.grpc, folder, variables)

        session = Session(
            istiod=control,
            node=node,
            begin=begin,
            agent=begin({}),
            conversation=Conversation(f"{pilot_agent.POD}.{node.namespace}"),
            listener=listeners[0]["name"],
        )
        stack.callback(session.stop)
        gateway = Gateway(session.ready())
        stack.callback(gateway.close)
        if refusals := session.refusals():
            raise gate.Refused(f"Envoy refused the base documents: {refusals}")
        yield IstiodCluster(
            release=release,
            gateway=gateway,
            disagreements=disagreements,
            _node=node,
            _session=session,
            _api=api,
            _kube=kube,
            _loopback=loopback,
            _snapshot=push((loopback, *documents.values()), node, release),
            base=documents,
        )
