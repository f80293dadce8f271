"""Istio's API as far as it is built: the kinds, their versions and the fields of each.

A field that Istio knows and this project does not read yet stands here as `not_built`, so that a
document which uses it is refused by name instead of being misread.
"""

from dataclasses import dataclass

from clusters.pilot import traffickinds
from clusters.pilot.shapes import (
    Shape,
    flag,
    list_of,
    map_of,
    mapping,
    message,
    nullable,
    one_of,
    signed,
    text,
    whole,
)

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


_labels = map_of(text)

_ENVOY_FILTER = message(
    workloadSelector=message(labels=_labels),
    targetRefs=list_of(message(group=text, kind=text, name=text, namespace=text)),
    priority=signed,
    configPatches=list_of(
        nullable(
            applyTo=one_of(*APPLY_TO),
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
                routeConfiguration=message(
                    portNumber=whole,
                    portName=text,
                    gateway=text,
                    name=text,
                    vhost=message(
                        name=text,
                        domainName=text,
                        route=message(
                            name=text,
                            action=one_of("ANY", "ROUTE", "REDIRECT", "DIRECT_RESPONSE"),
                        ),
                    ),
                ),
                cluster=message(portNumber=whole, service=text, subset=text, name=text),
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
    "Gateway": Kind(_TRAFFIC_VERSIONS, traffickinds.GATEWAY),
    "VirtualService": Kind(_TRAFFIC_VERSIONS, traffickinds.VIRTUAL_SERVICE),
    "ServiceEntry": Kind(_TRAFFIC_VERSIONS, traffickinds.SERVICE_ENTRY),
    "DestinationRule": Kind(_TRAFFIC_VERSIONS, traffickinds.DESTINATION_RULE),
    "EnvoyFilter": Kind(("networking.istio.io/v1alpha3",), _ENVOY_FILTER),
    "WasmPlugin": Kind(("extensions.istio.io/v1alpha1",), _WASM_PLUGIN),
    "TrafficExtension": Kind(("extensions.istio.io/v1alpha1",), _TRAFFIC_EXTENSION),
    "Secret": Kind(("v1",), message(**_SECRET_FIELDS), top_level=tuple(_SECRET_FIELDS)),
}
"""The kinds the embedded control plane reads."""

NOT_BUILT = (
    "AuthorizationPolicy",
    "PeerAuthentication",
    "ProxyConfig",
    "RequestAuthentication",
    "Sidecar",
    "Telemetry",
    "WorkloadEntry",
    "WorkloadGroup",
)
"""The kinds that Istio knows and the embedded control plane does not read yet."""
