"""One push: documents, a proxy and a release in; everything the control plane sends out.

Pure: equal input gives equal output, and nothing is fetched or waited for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.pilot import (
    credentials,
    delegation,
    fields,
    routes,
    tlssecrets,
    unmade,
    upstreams,
    validation,
)
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.connections import Connections
from clusters.pilot.destinationrules import Rules
from clusters.pilot.documents import together
from clusters.pilot.envoyfilter import (
    bootstrap,
    cluster,
    extension_config,
    match,
    match_routes,
    route_configuration,
    selection,
)
from clusters.pilot.envoyfilter import listener as listener_patches
from clusters.pilot.envoyfilter.ledger import Depth, Ledger
from clusters.pilot.envoyfilter.patch import Outcome, Patch, patches
from clusters.pilot.envoyfilter.patching import Patching
from clusters.pilot.gateways import merge, with_routes
from clusters.pilot.listeners import listener
from clusters.pilot.services import labels_of, services
from clusters.pilot.virtualservices import by_gateway
from clusters.pilot.wasm import plugins

if TYPE_CHECKING:
    from clusters.pilot.documents import Document
    from clusters.pilot.gateways import Chain
    from clusters.pilot.node import Node
    from clusters.release import Release

__all__ = ["Outcome", "Snapshot", "push"]

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one push sends, each resource in Envoy's JSON form, and what became of patches.

    `listeners` is LDS, `routes` RDS, `clusters` CDS, `endpoints` EDS and `extensions` ECDS,
    `secrets` the part of SDS that istiod serves;
    `warnings` are what Istio's webhook would say about the documents.
    """

    listeners: tuple[Resource, ...]
    routes: tuple[Resource, ...]
    clusters: tuple[Resource, ...]
    endpoints: tuple[Resource, ...]
    extensions: tuple[Resource, ...]
    outcomes: tuple[Outcome, ...]
    warnings: tuple[str, ...] = ()
    secrets: tuple[Resource, ...] = ()


def push(documents: Iterable["Document"], node: "Node", release: "Release") -> Snapshot:
    """Return what istiod of a release sends to a gateway for these documents.

    Raises InvalidDocument with the webhook's words, and NotBuilt for what Istio could read.
    """
    documents = together(documents)
    behaviours = Behaviours.of(release)
    warnings = tuple(
        f"{one}: {text}" for one in documents for text in validation.validate(one, behaviours)
    )
    documents = tuple(fields.as_stored(one, behaviours) for one in documents)
    mesh = services(documents, node)
    rules = Rules.of(documents, node, behaviours)
    ports = merge(documents, node, mesh, behaviours)
    ledger = Ledger()
    labels = labels_of(node, mesh)
    every, reaching = _patches(documents, node, labels, behaviours, ledger)
    wasm = plugins.read(documents, node, labels, behaviours)
    bound = by_gateway(delegation.put_together(documents))
    by_host = {one.host: one for one in mesh}
    connections = Connections(bound, by_host, rules, node.namespace)
    made_listeners = (listener(port, connections, behaviours) for port in ports)
    generated = [wasm.placed(one) for one in made_listeners if one]
    patching = Patching.of(reaching, behaviours, ledger)
    listeners = listener_patches.apply(generated, patching)
    bootstrap.tell(patching)
    extensions, served = extension_config.apply(patching.family("EXTENSION_CONFIG"), listeners)
    clusters = cluster.apply(upstreams.clusters(mesh, rules, behaviours), patching)
    by_patch = {(one.document, one.index): one for one in served}
    made_routes = [
        routes.route_configuration(chain, _bound_to(chain, bound), node, mesh, rules, behaviours)
        for chain in with_routes(ports)
    ]
    endpoints = upstreams.endpoints(mesh, rules)
    return Snapshot(
        listeners=listeners,
        routes=route_configuration.apply(
            (*made_routes, *unmade.route_configurations(listeners, made_routes)),
            match_routes.port_map(ports),
            patching,
        ),
        clusters=clusters,
        endpoints=(*endpoints, *unmade.load_assignments(clusters, endpoints)),
        extensions=(*extensions, *wasm.configurations()),
        outcomes=(
            *(
                by_patch.get((patch.document, patch.index)) or ledger.outcome(patch)
                for patch in every
            ),
            *wasm.outcomes(listeners),
        ),
        warnings=warnings,
        secrets=credentials.served(
            tlssecrets.named_in((*listeners, *clusters)), documents, node.namespace
        ),
    )


def _bound_to(chain: "Chain", bound: Mapping[str, Iterable["Document"]]) -> tuple["Document", ...]:
    gateways = dict.fromkeys(server.gateway for server in chain.servers)
    return tuple({one.key: one for name in gateways for one in bound.get(name, ())}.values())


def _patches(
    documents: Iterable["Document"],
    node: "Node",
    labels: Mapping[str, str],
    behaviours: Behaviours,
    ledger: Ledger,
) -> tuple[list[Patch], list[Patch]]:
    """Return every patch in the order istiod takes them, and those that reach the gateway."""
    every, reaching = [], []
    filters = [one for one in documents if one.kind == "EnvoyFilter"]
    for document in selection.ordered(filters, behaviours):
        left_out = selection.why_not(document, node, labels, behaviours)
        for patch in patches(document):
            every.append(patch)
            tests = (
                (Depth.SELECTION, left_out),
                (Depth.PROXY, match.proxy(patch, node, behaviours)),
                (Depth.CONTEXT, None if _any_context(patch) else match.context(patch)),
            )
            failed = next(((depth, text) for depth, text in tests if text), None)
            if failed:
                ledger.failed(patch, *failed)
            else:
                reaching.append(patch)
    return every, reaching


def _any_context(patch: Patch) -> bool:
    return patch.apply_to == "EXTENSION_CONFIG"
