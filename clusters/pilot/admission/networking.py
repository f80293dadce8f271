"""What the CRDs say of Gateway, VirtualService, ServiceEntry and DestinationRule.

Fields that are not built are left out: the documents that use them are refused by name.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from clusters.pilot.admission import rules
from clusters.pilot.admission.schema import (
    Constraint,
    at,
    at_most_one,
    at_most_one_of_each,
    fewest,
    most,
    required,
    rule,
    sized,
    unique,
    within,
)

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

_STRING_MATCHES = (
    "match[].uri",
    "match[].scheme",
    "match[].method",
    "match[].authority",
    "match[].headers{}",
    "match[].withoutHeaders{}",
    "match[].queryParams{}",
    "corsPolicy.allowOrigins[]",
)
_ROUTE = ("spec.http[]",)
_POLICIES = tuple(
    f"spec.{one}"
    for policy in ("trafficPolicy", "subsets[].trafficPolicy")
    for one in (policy, f"{policy}.portLevelSettings[]")
)
_CERTIFICATES = (
    ("tlsCertificates", "credentialNames", "credentialNames or tlsCertificates"),
    ("credentialName", "credentialNames", "credentialName or credentialNames"),
    # As the CRD has it: the message names credentialName, the rule looks at credentialNames.
    ("credentialNames", "tlsCertificates", "credentialName or tlsCertificates"),
)
_HASHED = ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName")


def _gateway(behaviours: "Behaviours") -> Iterator[Constraint]:
    if "crd-required-fields" in behaviours:
        yield at("servers[]", check=required("port", "hosts"))
        yield at("servers[].port", check=required("number", "protocol", "name"))
    if "crd-backoff-and-certificate-rules" in behaviours:
        several = ("servers[].tls.credentialNames", "servers[].tls.tlsCertificates")
        yield at(*several, check=fewest(1))
        yield at(*several, check=most(2))
        for one, other, message in _CERTIFICATES:
            check = rules.one_way(f"only one of {message} can be set", one, other)
            yield rule("servers[].tls", check=check)


def _virtual_service(behaviours: "Behaviours") -> Iterator[Constraint]:
    yield at(*_STRING_MATCHES, under=_ROUTE, check=at_most_one("exact", "prefix", "regex"))
    yield at("directResponse.body", under=_ROUTE, check=at_most_one("string", "bytes"))
    yield at("fault.abort", under=_ROUTE, check=at_most_one("httpStatus", "grpcStatus"))
    yield at("redirect", under=_ROUTE, check=at_most_one("port", "derivePort"))
    if "crd-required-fields" in behaviours:
        yield at("directResponse", under=_ROUTE, check=required("status"))
        yield at("mirrors[]", "route[]", under=_ROUTE, check=required("destination"))
        destinations = ("mirror", "mirrors[].destination", "route[].destination")
        yield at(*destinations, under=_ROUTE, check=required("host"))
        streams = ("spec.tls[].route[]", "spec.tcp[].route[]")
        yield at("", under=streams, check=required("destination"))
        yield at("destination", under=streams, check=required("host"))
        yield at("tls[]", check=required("match"))
        yield at("tls[].match[]", check=required("sniHosts"))
    if "crd-value-rules" in behaviours:
        timed = ("timeout", "retries.perTryTimeout", "fault.delay.fixedDelay", "corsPolicy.maxAge")
        yield rule(*timed, under=_ROUTE, check=rules.DURATION)
    if "crd-backoff-and-certificate-rules" in behaviours:
        yield rule("retries.backoff", under=_ROUTE, check=rules.DURATION)


def _service_entry(behaviours: "Behaviours") -> Iterator[Constraint]:
    if "crd-required-fields" in behaviours:
        yield at("", check=required("hosts"))
        yield at("ports[]", check=required("number", "name"))
    if "crd-value-rules" in behaviours:
        yield from _endpoints()
    if "crd-spec-rules" in behaviours:
        yield at("hosts", check=fewest(1))
        yield at("hosts", "ports", check=most(256))
        yield at("ports[].name", "ports[].protocol", check=sized(highest=256))
        yield at("ports", check=unique("name"))
        yield rule("", check=rules.NONE_WITHOUT_ENDPOINTS)
        yield rule("", check=rules.ROUND_ROBIN)
        yield rule("hosts[]", check=rules.HOST)
        yield rule("ports", check=rules.PORTS_ONCE)
        yield rule("ports[].number", "ports[].targetPort", check=rules.PORT)


def _endpoints() -> Iterator[Constraint]:
    under = ("spec.endpoints[]",)
    yield at("endpoints", check=most(4096))
    yield at("address", under=under, check=sized(highest=256))
    yield at("labels", under=under, check=most(256))
    yield at("locality", under=under, check=sized(highest=2048))
    yield at("serviceAccount", under=under, check=sized(highest=253))
    yield at("ports", under=under, check=most(128))
    yield rule("", under=under, check=rules.ADDRESS)
    yield rule("", under=under, check=rules.SOCKET_WITHOUT_PORTS)
    yield rule("address", under=under, check=rules.SOCKET_PATH)
    yield rule("address", under=under, check=rules.SOCKET_IS_NO_FOLDER)
    yield rule("ports", under=under, check=rules.PORT_NAMES)
    yield rule("ports{}", under=under, check=rules.PORT)


def _destination_rule(behaviours: "Behaviours") -> Iterator[Constraint]:
    balancer = tuple(f"{one}.loadBalancer" for one in _POLICIES)
    yield at("", under=balancer, check=at_most_one("simple", "consistentHash"))
    if "crd-required-fields" in behaviours:
        yield at("", check=required("host"))
        hashing = at_most_one_of_each(_HASHED, ("ringHash", "maglev"))
        yield at("consistentHash", under=balancer, check=hashing)
        yield at("consistentHash.httpCookie", under=balancer, check=required("name"))
    if "crd-value-rules" in behaviours:
        yield rule(
            "connectionPool.http.idleTimeout",
            "connectionPool.tcp.connectTimeout",
            "connectionPool.tcp.maxConnectionDuration",
            "connectionPool.tcp.tcpKeepalive.interval",
            "connectionPool.tcp.tcpKeepalive.time",
            "loadBalancer.warmupDurationSecs",
            "outlierDetection.baseEjectionTime",
            "outlierDetection.interval",
            under=_POLICIES,
            check=rules.DURATION,
        )
    if "crd-tcp-idle-timeout-rule" in behaviours:
        yield rule("connectionPool.tcp.idleTimeout", under=_POLICIES, check=rules.DURATION)
    if "crd-spec-rules" in behaviours:
        lowest = 1 if "crd-warmup-aggression-from-one" in behaviours else 0
        yield at("warmup", under=balancer, check=required("duration"))
        yield at("warmup.minimumPercent", under=balancer, check=within(0, 100))
        yield at("warmup.aggression", under=balancer, check=within(lowest))
        yield rule("warmup.duration", under=balancer, check=rules.DURATION)


TABLES: dict[str, Callable[["Behaviours"], Iterator[Constraint]]] = {
    "Gateway": _gateway,
    "VirtualService": _virtual_service,
    "ServiceEntry": _service_entry,
    "DestinationRule": _destination_rule,
}
