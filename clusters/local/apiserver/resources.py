"""What the server knows: the kinds istiod asks for, and the kinds of Istio themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object and where it lives; the first version is the preferred one."""

    group: str
    kind: str
    plural: str
    versions: tuple[str, ...]
    namespaced: bool = True
    custom: bool = False
    short_names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what refusals call it: `envoyfilters.networking.istio.io`, `configmaps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def api_version(self, version: str) -> str:
        """Return the apiVersion that objects carry when asked for in `version`."""
        return f"{self.group}/{version}" if self.group else version


def _core(kind: str, plural: str, *, namespaced: bool = True, group: str = "") -> Resource:
    return Resource(group, kind, plural, ("v1",), namespaced=namespaced)


def _istio(
    group: str, kind: str, plural: str, *versions: str, short: tuple[str, ...] = ()
) -> Resource:
    return Resource(f"{group}.istio.io", kind, plural, versions, custom=True, short_names=short)


NAMESPACES = _core("Namespace", "namespaces", namespaced=False)
CRDS = _core(
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
    group="apiextensions.k8s.io",
)

KUBERNETES = (
    NAMESPACES,
    CRDS,
    _core("ConfigMap", "configmaps"),
    _core("Endpoints", "endpoints"),
    _core("Event", "events"),
    _core("Node", "nodes", namespaced=False),
    _core("Pod", "pods"),
    _core("Secret", "secrets"),
    _core("Service", "services"),
    _core("ServiceAccount", "serviceaccounts"),
    _core("Deployment", "deployments", group="apps"),
    _core("Event", "events", group="events.k8s.io"),
    _core("EndpointSlice", "endpointslices", group="discovery.k8s.io"),
    _core("Ingress", "ingresses", group="networking.k8s.io"),
    _core("IngressClass", "ingressclasses", namespaced=False, group="networking.k8s.io"),
    _core("Lease", "leases", group="coordination.k8s.io"),
    _core(
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        namespaced=False,
        group="admissionregistration.k8s.io",
    ),
    _core(
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        namespaced=False,
        group="admissionregistration.k8s.io",
    ),
)
"""The built-in kinds that istiod lists, watches or writes."""

_TRAFFIC = ("v1", "v1beta1", "v1alpha3")

ISTIO = (
    _istio("networking", "DestinationRule", "destinationrules", *_TRAFFIC, short=("dr",)),
    _istio("networking", "EnvoyFilter", "envoyfilters", "v1alpha3"),
    _istio("networking", "Gateway", "gateways", *_TRAFFIC, short=("gw",)),
    _istio("networking", "ProxyConfig", "proxyconfigs", "v1beta1"),
    _istio("networking", "ServiceEntry", "serviceentries", *_TRAFFIC, short=("se",)),
    _istio("networking", "Sidecar", "sidecars", *_TRAFFIC),
    _istio("networking", "VirtualService", "virtualservices", *_TRAFFIC, short=("vs",)),
    _istio("networking", "WorkloadEntry", "workloadentries", *_TRAFFIC, short=("we",)),
    _istio("networking", "WorkloadGroup", "workloadgroups", *_TRAFFIC, short=("wg",)),
    _istio("security", "AuthorizationPolicy", "authorizationpolicies", "v1", "v1beta1"),
    _istio("security", "PeerAuthentication", "peerauthentications", "v1", "v1beta1"),
    _istio("security", "RequestAuthentication", "requestauthentications", "v1", "v1beta1"),
    _istio("telemetry", "Telemetry", "telemetries", "v1", "v1alpha1"),
    _istio("extensions", "WasmPlugin", "wasmplugins", "v1alpha1"),
    _istio("extensions", "TrafficExtension", "trafficextensions", "v1alpha1"),
)
"""The custom resources of Istio, as its own CustomResourceDefinitions name them."""


def istio(behaviours: Behaviours) -> tuple[Resource, ...]:
    """Return the custom resources that a release with these behaviours installs."""
    present = (
        one for one in ISTIO if one.kind != "TrafficExtension" or "traffic-extension" in behaviours
    )
    if "traffic-api-v1" in behaviours:
        return tuple(present)
    return tuple(
        replace(one, versions=tuple(version for version in one.versions if version != "v1"))
        for one in present
    )
