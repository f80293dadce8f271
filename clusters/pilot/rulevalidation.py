"""What a DestinationRule must hold, in the words of Istio's webhook."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import durations, namevalidation

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FIELDS = ("outlierDetection", "connectionPool", "loadBalancer", "tls")
_MILLISECOND = 1_000_000
_LARGEST_TABLE = 5000011
_HUNDRED = 100
_COUNTS = (
    ("http", "http1MaxPendingRequests", "http1 max pending requests"),
    ("http", "http2MaxRequests", "http2 max requests"),
    ("http", "maxRequestsPerConnection", "max requests per connection"),
    ("http", "maxRetries", "max retries"),
    ("http", "maxConcurrentStreams", "max concurrent streams"),
    ("tcp", "maxConnections", "max connections"),
)


def errors(spec: Mapping[str, Any], behaviours: "Behaviours") -> Iterator[str]:
    """Yield what istiod would refuse in a DestinationRule."""
    yield from namevalidation.host_errors(spec.get("host") or "")
    yield from _policy(spec.get("trafficPolicy"), behaviours)
    seen: set[str] = set()
    for subset in spec.get("subsets") or []:
        name = subset.get("name") or ""
        if name in seen:
            yield f"duplicate subset names: {name}"
        seen.add(name)
        if not name:
            yield "subset name cannot be empty"
        elif not _LABEL.fullmatch(name):
            yield f"subset name is invalid: {name}"
        yield from _policy(subset.get("trafficPolicy"), behaviours)
    yield from namevalidation.export_errors(spec.get("exportTo") or [])


def warnings(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield what istiod warns about in a DestinationRule that it accepts."""
    policies = [spec.get("trafficPolicy"), *(one.get("trafficPolicy") for one in _subsets(spec))]
    for policy in filter(None, policies):
        for one in (policy, *(policy.get("portLevelSettings") or [])):
            hashing = (one.get("loadBalancer") or {}).get("consistentHash") or {}
            if hashing.get("minimumRingSize"):
                yield (
                    "consistent hash MinimumRingSize is deprecated, "
                    "use ConsistentHashLB's RingHash configuration instead"
                )


def _subsets(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return spec.get("subsets") or []


def _policy(policy: Mapping[str, Any] | None, behaviours: "Behaviours") -> Iterator[str]:
    if policy is None:
        return
    if all(policy.get(field) is None for field in (*_FIELDS, "portLevelSettings")):
        yield "traffic policy must have at least one field"
        return
    yield from _settings(policy, behaviours)
    for one in policy.get("portLevelSettings") or []:
        if one.get("port") is None:
            yield "portTrafficPolicy must have valid port"
        if all(one.get(field) is None for field in _FIELDS):
            yield "port traffic policy must have at least one field"
        yield from _settings(one, behaviours)


def _settings(policy: Mapping[str, Any], behaviours: "Behaviours") -> Iterator[str]:
    yield from _outliers(policy.get("outlierDetection") or {})
    if policy.get("connectionPool") is not None:
        yield from _pool(policy["connectionPool"])
    balancer = policy.get("loadBalancer") or {}
    yield from _hashing(balancer.get("consistentHash") or {})
    yield from _warmup(balancer.get("warmup"), behaviours)
    yield from _tls(policy.get("tls") or {})


def _outliers(settings: Mapping[str, Any]) -> Iterator[str]:
    yield from _too_short(settings, "baseEjectionTime", "interval")
    local = settings.get("consecutiveLocalOriginFailures")
    if local and not settings.get("splitExternalLocalOriginErrors"):
        yield (
            "outlier detection consecutive local origin failures is specified, "
            "but split external local origin errors is set to false"
        )
    for field in ("maxEjectionPercent", "minHealthPercent"):
        value = settings.get(field) or 0
        if not 0 <= value <= _HUNDRED:
            yield f"percentage {value} is not in range 0..100"


def _pool(pool: Mapping[str, Any]) -> Iterator[str]:
    if pool.get("http") is None and pool.get("tcp") is None:
        yield "connection pool must have at least one field"
    http, tcp = pool.get("http") or {}, pool.get("tcp") or {}
    for side, field, words in _COUNTS:
        if (pool.get(side) or {}).get(field, 0) < 0:
            yield f"{words} must be non-negative"
    if http.get("h2UpgradePolicy") == "UPGRADE" and http.get("useClientProtocol"):
        yield "use client protocol must not be true when H2UpgradePolicy is UPGRADE"
    yield from _too_short(http, "idleTimeout")
    yield from _too_short(tcp, "connectTimeout", "maxConnectionDuration")
    yield from _too_short(tcp.get("tcpKeepalive") or {}, "time", "interval")


def _hashing(hashing: Mapping[str, Any]) -> Iterator[str]:
    if hashing.get("httpCookie") is not None and not hashing["httpCookie"].get("name"):
        yield "name required for HttpCookie"
    if hashing.get("maglev") is None:
        return
    size = hashing["maglev"].get("tableSize") or 0
    if not size:
        yield "tableSize must be set for maglev"
    if size >= _LARGEST_TABLE:
        yield "tableSize must be less than 5000011 for maglev"
    if size < 2 or any(size % one == 0 for one in range(2, int(size**0.5) + 1)):
        yield "tableSize must be a prime number for maglev"


def _warmup(curve: Mapping[str, Any] | None, behaviours: "Behaviours") -> Iterator[str]:
    if curve is None:
        return
    if not curve.get("duration"):
        yield "duration is required"
    yield from _too_short(curve, "duration")
    if curve.get("minimumPercent", 0) > _HUNDRED:
        yield "minimumPercent value should be less than or equal to 100"
    aggression = curve.get("aggression")
    if "warmup-may-lag" in behaviours:
        if aggression is not None and aggression <= 0:
            yield "aggression should be greater than 0"
    elif aggression is not None and aggression < 1:
        yield "aggression should be greater than or equal to 1"


def _tls(tls: Mapping[str, Any]) -> Iterator[str]:
    mode, named = tls.get("mode"), tls.get("credentialName")
    if tls.get("insecureSkipVerify"):
        given = tls.get("caCertificates") or tls.get("subjectAltNames") is not None
        if mode == "SIMPLE" and (given or named):
            yield (
                "cannot specify CaCertificates or CredentialName or SubjectAltNames "
                "when InsecureSkipVerify is set true"
            )
        if mode == "MUTUAL" and given:
            yield (
                "cannot specify CaCertificates or SubjectAltNames "
                "when InsecureSkipVerify is set true"
            )
    if mode in ("SIMPLE", "MUTUAL") and named:
        files = ("clientCertificate", "caCertificates", "privateKey", "caCrl")
        if any(tls.get(one) for one in files):
            yield (
                "cannot specify client certificates or CA certificate or CA CRL "
                "If credentialName is set"
            )
    elif mode == "MUTUAL":
        if not tls.get("clientCertificate"):
            yield "client certificate required for mutual tls"
        if not tls.get("privateKey"):
            yield "private key required for mutual tls"


def _too_short(settings: Mapping[str, Any], *fields: str) -> Iterator[str]:
    for field in fields:
        written = settings.get(field)
        if written and (durations.nanoseconds(written) or 0) < _MILLISECOND:
            yield "duration must be greater than 1ms"
