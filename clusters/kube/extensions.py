"""What documents and listeners say of extensions, as far as a wait in a cluster depends on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.pilot.documents import Document

#: Filters that istiod puts into every listener for Istio's own Envoy, and this project's never.
ISTIOS = ("istio.metadata_exchange", "istio_authn", "istio.alpn", "istio.stats")
#: How long an agent fetches where it is told nothing, and what else it may take its time for.
FETCH_SECONDS, AGENT_SECONDS = 5.0, 2.0
_NUMBER = re.compile(r"\d+(\.\d+)?")


def brought(documents: tuple[Document, ...]) -> set[str]:
    """Return the names under which documents bring extensions of their own."""
    patches = [
        patch.get("patch", {}).get("value") or {}
        for document in documents
        if document.kind == "EnvoyFilter"
        for patch in document.spec.get("configPatches") or []
    ]
    return {each["name"] for each in patches if "config_discovery" in each and "name" in each}


def fetching(extension: Any) -> float:
    """Return the seconds after which an agent has given up to fetch what an extension asks for."""
    if isinstance(extension, dict):
        if "http_uri" in extension:
            told = str(extension["http_uri"].get("timeout", "")).removesuffix("s")
            return AGENT_SECONDS + (float(told) if _NUMBER.fullmatch(told) else FETCH_SECONDS)
        return max(map(fetching, extension.values()), default=0.0)
    return 0.0


def without_istios(listener: dict[str, Any]) -> dict[str, Any]:
    """Return a listener without the filters that only Istio's own Envoy has."""
    if isinstance(listener, dict):
        return {
            key: [one for one in value if one.get("name") not in ISTIOS]
            if key == "http_filters"
            else without_istios(value)
            for key, value in listener.items()
        }
    if isinstance(listener, list):
        return [without_istios(each) for each in listener]
    return listener
