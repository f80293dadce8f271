"""What an explanation leaves out, why, and what that could have changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter.ledger import Depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clusters.pilot.explain import Explanation
    from clusters.pilot.push import Outcome

_LISTENERS = ("LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER", "LISTENER_FILTER")
_ROUTES = ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE")
_ALL = (*_LISTENERS, *_ROUTES, "EXTENSION_CONFIG", "CLUSTER")
_PATCHES = "what it would patch is told nowhere below"
_NOTHING = "no patch depends on it"


@dataclass(frozen=True, slots=True)
class Bearing:
    """What a document of some kind could change: patches of these applyTo, said in words.

    `holds_patches` tells that it is, or may be, something to explain itself.
    """

    change: str
    apply_to: tuple[str, ...] = ()
    holds_patches: bool = False


_GATEWAY = Bearing(
    "listeners and routes come of it, so of a patch that matches none it cannot be told whether "
    "it would match these",
    (*_LISTENERS, *_ROUTES, "EXTENSION_CONFIG"),
)
_ROUTE = Bearing(
    "routes come of it, so of a patch that matches none it cannot be told whether it would match "
    "these",
    _ROUTES,
)
_CLUSTER = Bearing(
    "clusters come of it, so of a CLUSTER patch that matches none it cannot be told whether it "
    "would match these",
    ("CLUSTER",),
)
_FILTERS = Bearing(
    "HTTP filters may come of it, so of a patch that names one of these it cannot be told whether "
    "it applies"
)
_WORKLOAD = Bearing("the gateway's labels are those of --gateway-labels, not those of its pods")
_INSTALLATION = Bearing("what it says of the installation (labels, settings) is not taken from it")
_PATCHING = Bearing(_PATCHES, holds_patches=True)
UNRENDERED = Bearing(
    "documents come of it, and patches may be among them; what they do is not told", _ALL, True
)
NOTHING = Bearing(_NOTHING)

_BEARINGS = {
    "Gateway": _GATEWAY,
    "Ingress": _GATEWAY,
    "VirtualService": _ROUTE,
    **dict.fromkeys(("Service", "ServiceEntry", "DestinationRule", "WorkloadEntry"), _CLUSTER),
    **dict.fromkeys(("RequestAuthentication", "AuthorizationPolicy", "Telemetry"), _FILTERS),
    **dict.fromkeys(("Deployment", "DaemonSet", "StatefulSet", "Pod", "ReplicaSet"), _WORKLOAD),
    **dict.fromkeys(("EnvoyFilter", "WasmPlugin", "TrafficExtension"), _PATCHING),
    "IstioOperator": _INSTALLATION,
}
_GATEWAY_API = Bearing(
    "Istio runs a proxy of its own for it, and the gateway that is asked about is another"
)
_ISTIO = "networking.istio.io"


def bearing(kind: str, group: str = _ISTIO) -> Bearing:
    """Return what a document of a kind could change."""
    if group == "gateway.networking.k8s.io":
        return _GATEWAY_API
    return _BEARINGS.get(kind, NOTHING)


@dataclass(frozen=True, slots=True)
class Aside:
    """Something that was not looked at: what it is and where, why, and what it could change."""

    what: str
    because: str
    bearing: Bearing

    def __str__(self) -> str:
        """Return the line for the terminal."""
        return f"not looked at: {self.what}, because {self.because}; {self.bearing.change}"

    def plain(self) -> Mapping[str, Any]:
        """Return the same for JSON."""
        return {"what": self.what, "because": self.because, "change": self.bearing.change}


def of_release(explanation: Explanation) -> tuple[Aside, ...]:
    """Return what one release's explanation could not read when documents met."""
    return tuple(
        Aside(f"{one} ({one.source}) in {explanation.release}", why, bearing(one.kind))
        for one, why in explanation.unread
    )


def doubted(explanation: Explanation, asides: Sequence[Aside]) -> Explanation:
    """Return an explanation whose patches that did not match are untold where they might have."""
    every = (*asides, *of_release(explanation))
    return replace(
        explanation, outcomes=tuple(_doubted(one, every) for one in explanation.outcomes)
    )


def _doubted(outcome: Outcome, asides: Iterable[Aside]) -> Outcome:
    # What failed before is settled by the patch alone, what failed later by what it did match.
    if outcome.effective or not Depth.NO_LISTENER <= outcome.depth < Depth.HTTP_FILTER:
        return outcome
    missing = [one.what for one in asides if outcome.apply_to in one.bearing.apply_to]
    if not missing:
        return outcome
    return replace(
        outcome,
        untold=True,
        sentence=f"{outcome.sentence}; what was not looked at may have it: {', '.join(missing)}",
    )
