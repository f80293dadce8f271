"""Whether a patch matches: each test returns the reason why not, or None (istio.md 1.3, 1.4, 1.8).

A reason names what was wanted, what was found, and what would match.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import re2
from clusters.pilot.envoyfilter import names

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.node import Node

GATEWAY = "GATEWAY"
_VERSION_BYTES = 1024


def proxy(patch: "Patch", node: "Node", behaviours: "Behaviours") -> str | None:
    """Return why the proxy is not the one a patch is for."""
    wanted = patch.match.get("proxy") or {}
    pattern = wanted.get("proxyVersion") or ""
    if len(pattern.encode()) > _VERSION_BYTES and "proxy-version-length-limit" in behaviours:
        size = len(pattern.encode())
        return f"proxyVersion has {size} bytes, and one above {_VERSION_BYTES} matches no proxy"
    if pattern and not node.version:
        return f"proxyVersion `{pattern}` matches no proxy that sends no ISTIO_VERSION"
    if pattern and not re2.compile(pattern).search(node.version):
        return f"proxyVersion `{pattern}` does not match the proxy's version {node.version}"
    for key, value in (wanted.get("metadata") or {}).items():
        has = node.metadata.get(key)
        if has != value or not isinstance(has, str):
            found = "no such text" if not isinstance(has, str) else f"`{has}`"
            return f"proxy metadata {key} must be `{value}`, the proxy has {found}"
    return None


def context(patch: "Patch") -> str | None:
    """Return why a patch is for another kind of proxy than a gateway."""
    wanted = patch.match.get("context") or "ANY"
    if wanted in ("ANY", GATEWAY):
        return None
    return f"the context {wanted} never reaches a gateway; write {GATEWAY} or ANY"


def listener(patch: "Patch", found: Mapping[str, Any]) -> str | None:
    """Return why a listener is not the one a patch is for."""
    name, port = patch.listener.get("name"), patch.listener.get("portNumber")
    has = found.get("name", "")
    if name and name != has:
        return f"the match names listener {name}, the gateway has {has}"
    address = (found.get("address") or {}).get("socket_address") or {}
    listens_on = address.get("port_value", 0)
    if port and port != listens_on:
        return (
            f"the match names port {port}, listener {has} has {listens_on} "
            "(the port Envoy listens on, not the Gateway's)"
        )
    return None


def chain(
    patch: "Patch", found: Mapping[str, Any], where: str, behaviours: "Behaviours"
) -> str | None:
    """Return why a filter chain of a listener (`where`) is not the one a patch is for."""
    wanted = patch.listener.get("filterChain") or {}
    has = found.get("filter_chain_match") or {}
    if "filter-chain-name-match" in behaviours and wanted.get("name"):
        name = found.get("name")
        if name != wanted["name"]:
            shown = name or "none (Istio names no gateway chain)"
            return f"the match names filter chain {wanted['name']}, that of {where} has {shown}"
    for field, value in _chain_fields(wanted, behaviours):
        if value not in has.get(field, ()):
            return f"the match wants {field} {value}, the filter chain of {where} has none such"
    for wish, field in (
        ("transportProtocol", "transport_protocol"),
        ("destinationPort", "destination_port"),
    ):
        if wanted.get(wish) and has.get(field) != wanted[wish]:
            return (
                f"the match wants {wish} {wanted[wish]}, the filter chain of {where} "
                f"has {has.get(field, 'none')}"
            )
    return None


def network_filter(patch: "Patch", name: str, where: str, behaviours: "Behaviours") -> str | None:
    """Return why a network filter is not the one a patch is for."""
    wanted = patch.filter_name
    if wanted is None or same_filter(wanted, name, names.NETWORK, behaviours):
        return None
    return _deprecated(wanted, names.NETWORK) or (
        f"no network filter `{wanted}` in {where}, which has: {name}"
    )


def http_filter(
    patch: "Patch", present: Iterable[str], where: str, behaviours: "Behaviours"
) -> str | None:
    """Return why none of the HTTP filters present is the one a patch names."""
    wanted, found = patch.sub_filter_name, tuple(present)
    if wanted is None:
        return None
    if any(same_filter(wanted, name, names.HTTP, behaviours) for name in found):
        return None
    return _deprecated(wanted, names.HTTP) or (
        f"no HTTP filter `{wanted}` in {where}, which has: {', '.join(found) or 'none'}"
    )


def same_filter(wanted: str, name: str, table: Mapping[str, str], behaviours: "Behaviours") -> bool:
    """Tell whether a name in a match means a filter."""
    return name in meant(wanted, table, behaviours)


def meant(wanted: str, table: Mapping[str, str], behaviours: "Behaviours") -> tuple[str, ...]:
    """Return the names a filter may have that a match names; old releases know deprecated ones."""
    if wanted in table and "deprecated-filter-names-match" in behaviours:
        return wanted, table[wanted]
    return (wanted,)


def _chain_fields(wanted: Mapping[str, Any], behaviours: "Behaviours") -> Iterable[tuple[str, str]]:
    if wanted.get("sni"):
        yield "server_names", wanted["sni"]
    if wanted.get("applicationProtocols") and "application-protocols-match" in behaviours:
        for protocol in wanted["applicationProtocols"].split(","):
            yield "application_protocols", protocol


def _deprecated(wanted: str, table: Mapping[str, str]) -> str | None:
    if wanted not in table:
        return None
    return (
        f"the match names the deprecated filter `{wanted}`, which Istio 1.19 and later no longer "
        f"match; write `{table[wanted]}`"
    )
