"""Istio's API as far as it is built: the kinds, their versions and the fields of each.

A field that Istio knows and this project does not read yet stands here as `not_built`, so that a
document which uses it is refused by name instead of being misread.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.pilot.shapes import (
    Problem,
    Shape,
    duration,
    flag,
    list_of,
    map_of,
    mapping,
    message,
    not_built,
    nullable,
    number,
    one_of,
    signed,
    text,
    whole,
)
from clusters.pilot.yamljson import Path

PLAIN_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
"""The protocols a gateway server may have until TLS and TCP are built."""

SERVICE_PROTOCOLS = (*PLAIN_HTTP, "TCP", "MONGO", "REDIS", "MYSQL", "UDP")
APPLY_TO = (
    "LISTENER",
    "FILTER_CHAIN",
    "NETWORK_FILTER",
    "HTTP_FILTER",
    "ROUTE_CONFIGURATION",
    "VIRTUAL_HOST",
    "HTTP_ROUTE",
    "CLUSTER",
    "EXTENSION_CONFIG",
    "BOOTSTRAP",
    "LISTENER_FILTER",
)
BUILT_APPLY_TO = ("HTTP_FILTER", "EXTENSION_CONFIG")
OPERATIONS = (
    "MERGE",
    "ADD",
    "REMOVE",
    "INSERT_BEFORE",
    "INSERT_AFTER",
    "INSERT_FIRST",
    "REPLACE",
    "MERGE_AND_REPLACE_LIST",
)
CONTEXTS = ("ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY", "WAYPOINT")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document: the apiVersions it may carry and the shape of its spec.

    A kind of Kubernetes has its content beside the metadata: `top_level` names those fields, which
    are its spec here.
    """

    api_versions: tuple[str, ...]
    spec: Shape
    top_level: tuple[str, ...] = ()


def _only(built: tuple[str, ...], known: tuple[str, ...]) -> Shape:
    """One of `known`; those outside `built` are refused as not built."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if value in known and value not in built:
            yield Problem(path, f"{value} is known to Istio but not built yet", built=False)
        else:
            yield from one_of(*known)(value, path)

    return check


def _protocol(built: tuple[str, ...], known: tuple[str, ...]) -> Shape:
    """A protocol, which Istio reads in any case of letters."""
    shape = _only(built, known)

    def check(value: Any, path: Path) -> Iterator[Problem]:
        yield from shape(value.upper() if isinstance(value, str) else value, path)

    return check


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

_GATEWAY = message(
    selector=_labels,
    servers=list_of(
        message(
            port=message(
                number=whole,
                protocol=_protocol(PLAIN_HTTP, (*PLAIN_HTTP, "HTTPS", "TLS", "TCP", "MONGO")),
                name=text,
                targetPort=not_built,
            ),
            bind=text,
            hosts=_texts,
            name=text,
            defaultEndpoint=not_built,
            tls=message(
                httpsRedirect=flag,
                mode=not_built,
                serverCertificate=not_built,
                privateKey=not_built,
                caCertificates=not_built,
                caCrl=not_built,
                credentialName=not_built,
                credentialNames=not_built,
                caCertCredentialName=not_built,
                tlsCertificates=not_built,
                subjectAltNames=not_built,
                verifyCertificateSpki=not_built,
                verifyCertificateHash=not_built,
                minProtocolVersion=not_built,
                maxProtocolVersion=not_built,
                cipherSuites=not_built,
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
    statPrefix=not_built,
)

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
    ),
    directResponse=message(status=whole, body=message(string=text, bytes=text)),
    delegate=not_built,
    rewrite=message(uri=text, authority=text, uriRegexRewrite=message(match=text, rewrite=text)),
    timeout=duration,
    retries=message(
        attempts=signed,
        perTryTimeout=duration,
        retryOn=text,
        retryRemoteLocalities=not_built,
        retryIgnorePreviousHosts=flag,
        backoff=duration,
    ),
    fault=message(
        delay=message(
            percent=not_built,
            percentage=_percent,
            fixedDelay=duration,
            exponentialDelay=not_built,
        ),
        abort=message(
            percentage=_percent, httpStatus=whole, grpcStatus=not_built, http2Error=not_built
        ),
    ),
    mirror=_destination,
    mirrorPercent=not_built,
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

_VIRTUAL_SERVICE = message(
    hosts=_texts,
    gateways=_texts,
    http=list_of(_HTTP_ROUTE),
    tls=not_built,
    tcp=not_built,
    exportTo=_texts,
)

_SERVICE_ENTRY = message(
    hosts=_texts,
    addresses=not_built,
    ports=list_of(
        message(
            number=whole,
            protocol=_protocol(SERVICE_PROTOCOLS, (*SERVICE_PROTOCOLS, "HTTPS", "TLS")),
            name=text,
            targetPort=whole,
        )
    ),
    location=one_of("MESH_EXTERNAL", "MESH_INTERNAL"),
    resolution=_only(("NONE", "STATIC"), ("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN")),
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
    subjectAltNames=not_built,
)

_ENVOY_FILTER = message(
    workloadSelector=message(labels=_labels),
    targetRefs=list_of(message(group=text, kind=text, name=text, namespace=text)),
    priority=signed,
    configPatches=list_of(
        nullable(
            applyTo=_only(BUILT_APPLY_TO, APPLY_TO),
            match=message(
                context=one_of(*CONTEXTS),
                proxy=message(proxyVersion=text, metadata=_labels),
                listener=message(
                    name=text,
                    portNumber=whole,
                    portName=text,
                    listenerFilter=text,
                    filterChain=message(
                        name=text,
                        sni=text,
                        transportProtocol=text,
                        applicationProtocols=text,
                        destinationPort=whole,
                        filter=message(name=text, subFilter=message(name=text)),
                    ),
                ),
                routeConfiguration=mapping,
                cluster=mapping,
                waypoint=mapping,
            ),
            patch=message(
                operation=one_of(*OPERATIONS),
                value=mapping,
                filterClass=one_of("UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"),
            ),
        )
    ),
)

_SELECTION: dict[str, Shape] = {
    "selector": message(matchLabels=_labels),
    "targetRefs": list_of(message(group=text, kind=text, name=text, namespace=text)),
    "priority": signed,
    "match": list_of(
        message(
            mode=one_of("UNDEFINED", "CLIENT", "SERVER", "CLIENT_AND_SERVER"),
            ports=list_of(message(number=whole)),
        )
    ),
}
_MODULE: dict[str, Shape] = {
    "url": text,
    "sha256": text,
    "imagePullPolicy": one_of("UNSPECIFIED_POLICY", "IfNotPresent", "Always"),
    "imagePullSecret": text,
    "verificationKey": text,
    "pluginConfig": mapping,
    "pluginName": text,
    "failStrategy": one_of("FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"),
    "vmConfig": message(
        env=list_of(message(name=text, value=text, valueFrom=one_of("INLINE", "HOST")))
    ),
    "type": one_of("UNSPECIFIED_PLUGIN_TYPE", "HTTP", "NETWORK"),
}
_WASM_PLUGIN = message(
    phase=one_of("UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"),
    targetRef=message(group=text, kind=text, name=text, namespace=text),
    **_SELECTION,
    **_MODULE,
)
_TRAFFIC_EXTENSION = message(
    phase=one_of("UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"),
    wasm=message(**_MODULE),
    lua=message(inlineCode=text),
    **_SELECTION,
)
_SECRET_FIELDS: dict[str, Shape] = {
    "type": text,
    "data": _labels,
    "stringData": _labels,
    "immutable": flag,
}

_TRAFFIC_VERSIONS = tuple(f"networking.istio.io/{one}" for one in ("v1alpha3", "v1beta1", "v1"))

BUILT: dict[str, Kind] = {
    "Gateway": Kind(_TRAFFIC_VERSIONS, _GATEWAY),
    "VirtualService": Kind(_TRAFFIC_VERSIONS, _VIRTUAL_SERVICE),
    "ServiceEntry": Kind(_TRAFFIC_VERSIONS, _SERVICE_ENTRY),
    "EnvoyFilter": Kind(("networking.istio.io/v1alpha3",), _ENVOY_FILTER),
    "WasmPlugin": Kind(("extensions.istio.io/v1alpha1",), _WASM_PLUGIN),
    "TrafficExtension": Kind(("extensions.istio.io/v1alpha1",), _TRAFFIC_EXTENSION),
    "Secret": Kind(("v1",), message(**_SECRET_FIELDS), top_level=tuple(_SECRET_FIELDS)),
}
"""The kinds the embedded control plane reads."""

NOT_BUILT = (
    "AuthorizationPolicy",
    "DestinationRule",
    "PeerAuthentication",
    "ProxyConfig",
    "RequestAuthentication",
    "Sidecar",
    "Telemetry",
    "WorkloadEntry",
    "WorkloadGroup",
)
"""The kinds that Istio knows and the embedded control plane does not read yet."""
