"""The local place: a real Envoy on loopback, fed by the embedded control plane and agent."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import evidence, gate, rendering, waiting
from clusters.cluster import Delivery
from clusters.deliveries import Deliveries
from clusters.gateway import Gateway
from clusters.local import envoy
from clusters.local.doorway import Doorway, url_of
from clusters.local.loopback import ADDRESS, address_for, bind_to_loopback
from clusters.pilot import admission, agentsecrets, protos, tlssecrets
from clusters.pilot import documents as istio_documents
from clusters.pilot.agent import Agent
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import NotBuilt
from clusters.pilot.node import Node, ingress_gateway
from clusters.pilot.push import Snapshot, push
from clusters.pilot.settings import Settings
from clusters.pilot.xds import AdsServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusters.cluster import Proof
    from clusters.deliveries import Documents
    from clusters.pilot.documents import Document
    from clusters.pilot.subscriptions import Refusal
    from clusters.processes import Process
    from clusters.proxy import Proxy
    from clusters.release import Release

START_SECONDS = 30.0
MACHINES_SECONDS = 30.0


@dataclass(slots=True, repr=False)
class LocalCluster:
    """A running local gateway; make one with `running`."""

    release: Release
    gateway: Gateway
    proxy: Proxy
    _node: Node
    _ads: AdsServer
    _agent: Agent
    _process: Process
    _snapshot: Snapshot
    _doorway: Doorway
    base: InitVar[Documents]
    _deliveries: Deliveries = field(init=False)
    _log_mark: int = 0
    _names: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self, base: Documents) -> None:
        self._deliveries = Deliveries(
            held=base,
            gateway=self.gateway,
            deliver=self._deliver,
            check_listeners=lambda: gate.check_listeners(self.proxy, self._snapshot.listeners),
        )

    def __repr__(self) -> str:
        return f"<local gateway as istio {self.release.version} at {self.gateway.url}>"

    @property
    def process(self) -> str:
        """Return the process id of the running Envoy."""
        self._process.check()
        return f"pid {self._process.child.pid}"

    def as_written(self, name: str) -> str:
        """Return the name itself: documents are served here as they are."""
        return name

    def wait_for_machines(self, count: int) -> None:
        """Wait until the proxy has so many Wasm virtual machines; raises waiting.TimedOut.

        Those of a removed filter end when its listener has drained.
        """
        waiting.until(
            self.proxy.machines,
            lambda seen: seen == count,
            what=f"{count} Wasm virtual machines in the proxy",
            within=MACHINES_SECONDS,
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
        """Let the agent begin anew with variables of its own environment, while the block lasts.

        Raises settings.UnknownSetting for one that it does not read.
        """
        before = self._agent
        self._agent = before.restarted(Settings.read(variables))
        try:
            yield
        finally:
            self._agent = before

    def mark(self) -> None:
        """Let the evidence of a test begin here; raises processes.ProcessFailed if Envoy ended."""
        # Else what died under one test would pass for the fault of every later one.
        self._process.check()
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

    def _deliver(self, documents: Documents, new: tuple[Document, ...]) -> Delivery:
        self._process.check()
        began, log = time.monotonic(), self.proxy.log_size()
        admission.check(new, Behaviours.of(self.release))
        snapshot = push(tuple(documents.values()), self._node, self.release)
        _check_certificates_of_the_mesh(snapshot)
        wanted = _wanted_extensions(snapshot)
        localized = self._agent.localize(
            extension for extension in snapshot.extensions if extension["name"] in wanted
        )
        self._ads.publish(_resources(snapshot, localized.resources, self._doorway.listener))
        refusals = self._settle()
        if not refusals:
            self._doorway.follow(snapshot.listeners)
        keys = {document.key for document in new}
        self._snapshot = snapshot
        return Delivery(
            outcomes=tuple(o for o in snapshot.outcomes if o.document in keys),
            fetch_failures=localized.failures,
            agent_nack=localized.nack,
            refusals=tuple(refusal.text for refusal in refusals),
            # What only a draining listener still waits for is none of this delivery's.
            waiting_for=(
                *(name for name in self._ads.unanswered() if name in wanted),
                *_missing_secrets(snapshot),
            ),
            log=self.proxy.log_since(log),
            seconds=time.monotonic() - began,
        )

    def _settle(self) -> tuple[Refusal, ...]:
        try:
            return self._ads.settle()
        except Exception:
            # A proxy that died says more than the wait for its answer does.
            self._process.check()
            raise


@contextmanager
def running(
    release: Release,
    binary: envoy.Binary,
    base: str,
    folder: Path,
    *,
    drain_seconds: int = envoy.DRAIN_SECONDS,
) -> Iterator[LocalCluster]:
    """Run a local gateway that serves the `base` documents; everything ends with the block.

    `folder` takes the log and the fetched modules. What is replaced in the proxy goes on for
    `drain_seconds`. Raises processes.ProcessFailed if Envoy does not start, gate.Refused if it
    refuses the base documents.
    """
    behaviours = Behaviours.of(release)
    node = ingress_gateway(release.version)
    documents = {d.key: d for d in istio_documents.parse(base, source="base documents")}
    snapshot = push(tuple(documents.values()), node, release)
    ads = AdsServer()
    own = snapshot.listeners[0]["name"]
    ads.publish(_resources(snapshot, (), own))
    ads.start()
    try:
        process, proxy = envoy.start(binary, node, ads.port, folder, drain_seconds=drain_seconds)
        try:
            refusals = ads.settle(START_SECONDS)
            if refusals:
                raise gate.Refused(f"Envoy refused the base documents: {refusals}")
            gateway = Gateway(url_of(proxy, own))
            yield LocalCluster(
                release=release,
                gateway=gateway,
                proxy=proxy,
                _node=node,
                _ads=ads,
                _agent=Agent(behaviours, folder / "modules"),
                _process=process,
                _snapshot=snapshot,
                _doorway=Doorway(own, gateway, lambda: proxy),
                base=documents,
            )
            gateway.close()
            proxy.close()
        finally:
            process.stop()
    finally:
        ads.stop()


def _wanted_extensions(snapshot: Snapshot) -> set[str]:
    """Return the names that the listeners ask for: istiod sends no others."""
    lists = itertools.chain.from_iterable(
        [
            *gate.managers(listener),
            *(chain.get("filters", []) for chain in listener.get("filter_chains", [])),
        ]
        for listener in snapshot.listeners
    )
    return {one["name"] for filters in lists for one in filters if "config_discovery" in one}


def _check_certificates_of_the_mesh(snapshot: Snapshot) -> None:
    """Raise NotBuilt for a cluster that would wait for ever, and everything after it too."""
    for cluster in snapshot.clusters:
        if any(map(tlssecrets.is_of_the_mesh, tlssecrets.named_in(cluster))):
            raise NotBuilt(
                f"cluster {cluster['name']} asks for the gateway's own certificate of the mesh "
                "(ISTIO_MUTUAL), and the local place has no CA that gives one: the proxy would "
                "wait for ever. Hint: write SIMPLE or MUTUAL with certificates of your own"
            )


def _missing_secrets(snapshot: Snapshot) -> Iterator[str]:
    """Yield the names of the certificates that neither istiod nor the agent can give."""
    named = dict.fromkeys(tlssecrets.named_in((*snapshot.listeners, *snapshot.clusters)))
    served = {secret["name"] for secret in snapshot.secrets}
    yield from (one for one in named if one.startswith(tlssecrets.CREDENTIAL) and one not in served)
    yield from agentsecrets.unreadable(named)


def _resources(
    snapshot: Snapshot, extensions: tuple[dict[str, Any], ...] | None, own: str
) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    named = {
        protos.CDS: [(cluster["name"], cluster) for cluster in snapshot.clusters],
        protos.EDS: [(e["cluster_name"], e) for e in snapshot.endpoints],
        protos.LDS: [(it["name"], _bound(it, own)) for it in snapshot.listeners],
        protos.RDS: [(route["name"], route) for route in snapshot.routes],
        protos.SDS: [(secret["name"], secret) for secret in snapshot.secrets],
    }
    if extensions is not None:
        named[protos.ECDS] = [(extension["name"], extension) for extension in extensions]
    return named


def _bound(listener: dict[str, Any], own: str) -> dict[str, Any]:
    name = listener["name"]
    return bind_to_loopback(listener, ADDRESS if name == own else address_for(name))
