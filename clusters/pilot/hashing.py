"""What a route hashes when the DestinationRule of its destination asks for consistent hashing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import durations

if TYPE_CHECKING:
    from clusters.pilot.destinationrules import Policy, Rule


def policy(rule: "Rule | None", destination: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return Envoy's hash policy for a destination, None where nothing is hashed."""
    found = _settings(rule, destination) if rule else None
    if not found:
        return None
    if found.get("httpHeaderName"):
        return {"header": {"header_name": found["httpHeaderName"]}}
    if found.get("httpCookie") is not None:
        return {"cookie": _cookie(found["httpCookie"])}
    if "useSourceIp" in found:
        return {"connection_properties": {"source_ip": bool(found["useSourceIp"])}}
    if found.get("httpQueryParameterName"):
        return {"query_parameter": {"name": found["httpQueryParameterName"]}}
    return None


def _settings(rule: "Rule", destination: Mapping[str, Any]) -> Mapping[str, Any] | None:
    port = (destination.get("port") or {}).get("number")
    wanted = destination.get("subset") or ""
    subset = next((one.policy for one in rule.subsets if one.name == wanted), {})
    candidates = (
        _of_port(subset, port),
        _hash(subset),
        _of_port(rule.policy, port),
        _hash(rule.policy),
    )
    return next((one for one in candidates if one is not None), None)


def _of_port(policy: "Policy", port: int | None) -> Mapping[str, Any] | None:
    for one in policy.get("portLevelSettings") or []:
        if port and (one.get("port") or {}).get("number") == port:
            return _hash(one)
    return None


def _hash(policy: "Policy") -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = (policy.get("loadBalancer") or {}).get("consistentHash")
    return found


def _cookie(cookie: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": cookie.get("name") or "", "path": cookie.get("path") or ""}
    if cookie.get("ttl"):
        made["ttl"] = durations.to_json(cookie["ttl"])
    return {key: value for key, value in made.items() if value}
