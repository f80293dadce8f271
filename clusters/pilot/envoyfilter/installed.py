"""HTTP filters that Istio puts before a gateway's router and that are not made here (istio.md 2.4).

Those of an installation itself need Envoy extensions of Istio's own; others come from documents
that the embedded control plane does not read.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours


def elsewhere(name: str, behaviours: "Behaviours") -> str | None:
    """Return where a filter that was not found is to be had, None where that is not known."""
    if by := _by_default(behaviours).get(name):
        return (
            f"`{name}` is not generated here, but {by} put it into the gateway of a default "
            "installation of this release, and there the patch would find it"
        )
    if source := _by_documents(behaviours).get(name):
        return (
            f"`{name}` is not generated here, but Istio makes it of {source} that selects the "
            "gateway, and where there is one the patch would find it"
        )
    return None


def _by_default(behaviours: "Behaviours") -> Mapping[str, str]:
    """Return who puts which filter into the gateways of a default installation."""
    own = "EnvoyFilters of Istio's own"
    found = {
        "istio.metadata_exchange": "istiod" if "native-metadata-exchange" in behaviours else own,
        "istio.stats": (
            "istiod and the Telemetry API" if "stats-by-telemetry-api" in behaviours else own
        ),
    }
    if "alpn-filter-on-gateways" in behaviours:
        found["istio.alpn"] = "istiod"
    return found


def _by_documents(behaviours: "Behaviours") -> Mapping[str, str]:
    """Return which filter comes of which document that is not read here."""
    found = {
        "envoy.filters.http.jwt_authn": "a RequestAuthentication",
        "envoy.filters.http.rbac": "an AuthorizationPolicy",
        "envoy.filters.http.ext_authz": "an AuthorizationPolicy with the action CUSTOM",
    }
    if "istio-authn-filter" in behaviours:
        found["istio_authn"] = "a RequestAuthentication"
    return found
