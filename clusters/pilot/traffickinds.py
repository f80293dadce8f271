"""The fields of Gateway, VirtualService, ServiceEntry and DestinationRule that are built.

A field that Istio knows and this project does not read yet stands here as `not_built`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from clusters.pilot.shapes import (
    Problem,
    duration,
    flag,
    list_of,
    map_of,
    message,
    not_built,
    number,
    one_of,
    only_built,
    protocol,
    signed,
    text,
    whole,
)
from clusters.pilot.yamljson import Path

PLAIN_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
_CONNECTIONS = ("TLS", "TCP", "MONGO", "REDIS", "MYSQL")
GATEWAY_PROTOCOLS = (*PLAIN_HTTP, "HTTPS", *_CONNECTIONS)
"""The protocols a gateway server may have."""

SERVICE_PROTOCOLS = (*PLAIN_HTTP, "HTTPS", "TLS", "TCP", "MONGO", "REDIS", "MYSQL", "UDP")
_texts = list_of(text)
_labels = map_of(text)
_string_match = message(exact=text, prefix=text, regex=text)
_matches = map_of(_string_match)


def _header_matches(value: Any, path: Path) -> Iterator[Problem]:
    """Matches by header name; those on the claims of a token are not built."""
    yield from _matches(value, path)
    for name in value if isinstance(value, Mapping) else ():
        if name.startswith("@request.auth."):
            text = "matching claims is known to Istio but not built yet"
            yield Problem((*path, name), text, built=False)


_percent = message(value=number)
_destination = message(host=text, subset=text, port=message(number=whole))
_operations = message(set=_labels, add=_labels, remove=_texts)
_headers = message(request=_operations, response=_operations)

_TLS_MODES = ("PASSTHROUGH", "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_OTHER_TLS_MODES = ("AUTO_PASSTHROUGH", "ISTIO_MUTUAL")
_TLS_VERSIONS = ("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")


def _plain_name(value: Any, path: Path) -> Iterator[Problem]:
    """A credential that is the name of a Secret; those with a scheme lead elsewhere."""
    yield from text(value, path)
    if isinstance(value, str) and "://" in value:
        words = "credentials with a scheme are known to Istio but not built yet"
        yield Problem(path, words, built=False)


GATEWAY = message(
    selector=_labels,
    servers=list_of(
        message(
            port=message(
                number=whole,
                protocol=protocol(GATEWAY_PROTOCOLS, (*GATEWAY_PROTOCOLS, "UDP", "HTTP_PROXY")),
                name=text,
                targetPort=not_built,
            ),
            bind=text,
            hosts=_texts,
            name=text,
            defaultEndpoint=not_built,
            tls=message(
                httpsRedirect=flag,
                mode=only_built(_TLS_MODES, (*_TLS_MODES, *_OTHER_TLS_MODES)),
                serverCertificate=text,
                privateKey=text,
                caCertificates=text,
                caCrl=text,
                credentialName=_plain_name,
                credentialNames=not_built,
                caCertCredentialName=not_built,
                tlsCertificates=not_built,
                subjectAltNames=_texts,
                verifyCertificateSpki=_texts,
                verifyCertificateHash=_texts,
                insecureSkipVerify=not_built,
                minProtocolVersion=one_of(*_TLS_VERSIONS),
                maxProtocolVersion=one_of(*_TLS_VERSIONS),
                cipherSuites=_texts,
            ),
        )
    ),
)

_HTTP_MATCH = message(
    name=text,
    uri=_string_match,
    scheme=_string_match,
    method=_string_match,
    authority=_string_match,
    headers=_header_matches,
    withoutHeaders=_header_matches,
    queryParams=_matches,
    port=whole,
    sourceLabels=_labels,
    sourceNamespace=text,
    gateways=_texts,
    ignoreUriCase=flag,
    statPrefix=text,
)

GRPC_STATUSES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""The names of gRPC's status codes, each at the place of its number."""

_HTTP_ROUTE = message(
    name=text,
    match=list_of(_HTTP_MATCH),
    route=list_of(message(destination=_destination, weight=signed, headers=_headers)),
    redirect=message(
        uri=text,
        authority=text,
        port=whole,
        derivePort=one_of("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"),
        scheme=text,
        redirectCode=whole,
        prefixRewrite=not_built,
    ),
    directResponse=message(status=whole, body=message(string=text, bytes=text)),
    delegate=message(name=text, namespace=text),
    rewrite=message(uri=text, authority=text, uriRegexRewrite=message(match=text, rewrite=text)),
    timeout=duration,
    retries=message(
        attempts=signed,
        perTryTimeout=duration,
        retryOn=text,
        retryRemoteLocalities=flag,
        retryIgnorePreviousHosts=flag,
        backoff=duration,
    ),
    fault=message(
        delay=message(
            percent=signed,
            percentage=_percent,
            fixedDelay=duration,
            exponentialDelay=not_built,
        ),
        abort=message(
            percentage=_percent,
            httpStatus=whole,
            grpcStatus=one_of(*GRPC_STATUSES),
            http2Error=not_built,
        ),
    ),
    mirror=_destination,
    mirrorPercent=whole,
    mirrorPercentage=_percent,
    mirrors=list_of(message(destination=_destination, percentage=_percent)),
    corsPolicy=message(
        allowOrigin=_texts,
        allowOrigins=list_of(_string_match),
        allowMethods=_texts,
        allowHeaders=_texts,
        exposeHeaders=_texts,
        maxAge=duration,
        allowCredentials=flag,
        unmatchedPreflights=one_of("UNSPECIFIED", "FORWARD", "IGNORE"),
    ),
    headers=_headers,
)

_CONNECTION_MATCH = {
    "destinationSubnets": _texts,
    "port": whole,
    "sourceLabels": _labels,
    "gateways": _texts,
    "sourceNamespace": text,
}
_destinations = list_of(message(destination=_destination, weight=signed))

VIRTUAL_SERVICE = message(
    hosts=_texts,
    gateways=_texts,
    http=list_of(_HTTP_ROUTE),
    tls=list_of(
        message(match=list_of(message(sniHosts=_texts, **_CONNECTION_MATCH)), route=_destinations)
    ),
    tcp=list_of(
        message(match=list_of(message(sourceSubnet=text, **_CONNECTION_MATCH)), route=_destinations)
    ),
    exportTo=_texts,
)

_RESOLUTIONS = ("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN")

SERVICE_ENTRY = message(
    hosts=_texts,
    addresses=not_built,
    ports=list_of(
        message(
            number=whole,
            protocol=protocol(SERVICE_PROTOCOLS, SERVICE_PROTOCOLS),
            name=text,
            targetPort=whole,
        )
    ),
    location=one_of("MESH_EXTERNAL", "MESH_INTERNAL"),
    resolution=only_built(_RESOLUTIONS, (*_RESOLUTIONS, "DYNAMIC_DNS")),
    endpoints=list_of(
        message(
            address=text,
            ports=map_of(whole),
            labels=_labels,
            network=not_built,
            locality=text,
            weight=whole,
            serviceAccount=text,
        )
    ),
    workloadSelector=not_built,
    exportTo=_texts,
    subjectAltNames=_texts,
)

_TLS = message(
    mode=one_of("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"),
    clientCertificate=text,
    privateKey=text,
    caCertificates=text,
    caCrl=text,
    credentialName=_plain_name,
    subjectAltNames=_texts,
    sni=text,
    insecureSkipVerify=flag,
)

_POLICY = {
    "loadBalancer": message(
        simple=one_of(
            "UNSPECIFIED", "LEAST_CONN", "LEAST_REQUEST", "RANDOM", "ROUND_ROBIN", "PASSTHROUGH"
        ),
        consistentHash=message(
            httpHeaderName=text,
            httpCookie=message(name=text, path=text, ttl=duration, attributes=not_built),
            useSourceIp=flag,
            httpQueryParameterName=text,
            ringHash=message(minimumRingSize=whole),
            maglev=message(tableSize=whole),
            minimumRingSize=whole,
        ),
        localityLbSetting=not_built,
        zoneAwareLbSetting=not_built,
        warmupDurationSecs=duration,
        warmup=message(duration=duration, minimumPercent=number, aggression=number),
    ),
    "connectionPool": message(
        tcp=message(
            maxConnections=signed,
            connectTimeout=duration,
            tcpKeepalive=message(probes=whole, time=duration, interval=duration),
            maxConnectionDuration=duration,
            idleTimeout=duration,
        ),
        http=message(
            http1MaxPendingRequests=signed,
            http2MaxRequests=signed,
            maxRequestsPerConnection=signed,
            maxRetries=signed,
            idleTimeout=duration,
            h2UpgradePolicy=one_of("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"),
            useClientProtocol=flag,
            maxConcurrentStreams=signed,
            http2KeepAlive=not_built,
        ),
    ),
    "outlierDetection": message(
        consecutiveErrors=not_built,
        outlierDetectionHttpErrorCodes=not_built,
        consecutive5xxErrors=whole,
        consecutiveGatewayErrors=whole,
        interval=duration,
        baseEjectionTime=duration,
        maxEjectionPercent=signed,
        minHealthPercent=signed,
        splitExternalLocalOriginErrors=flag,
        consecutiveLocalOriginFailures=whole,
    ),
    "tls": _TLS,
}

_TRAFFIC_POLICY = message(
    portLevelSettings=list_of(message(port=message(number=whole), **_POLICY)),
    tunnel=not_built,
    proxyProtocol=not_built,
    retryBudget=not_built,
    **_POLICY,
)

DESTINATION_RULE = message(
    host=text,
    trafficPolicy=_TRAFFIC_POLICY,
    subsets=list_of(message(name=text, labels=_labels, trafficPolicy=_TRAFFIC_POLICY)),
    exportTo=_texts,
    workloadSelector=not_built,
)
