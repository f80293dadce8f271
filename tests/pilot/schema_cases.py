"""What the API server refuses by Istio's CRDs, in its own words, and what it just allows.

Every case was put to the API server of a kind cluster (Kubernetes 1.34.4, `dryRun=All`) on
2026-11-30 under the CRDs of istio.io/api at the .0 tag of each release from 1.19 to 1.29, of 1.30.8
and of the 1.31 line: the refused and the allowed spec of each, all of them without a difference
(the four about TLS and TCP routes under 1.19, 1.20 and 1.31 only).
Tags before 1.19 were not to be had: there the rules of 1.19 are taken to hold, since CRDs of about
1.14 have the same ones.
"""

from dataclasses import dataclass
from typing import Any

FIRST, LAST = "1.9", "1.31"
URL = "oci://registry.example/x:1"
LONG = "x" * 254
UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was "
    "invalid; correct the existing errors to complete validation"
)
EXCLUSIVE = "must validate one and only one schema (oneOf). Found 2 valid alternatives"
PATTERN = r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
SERVICE = {"kind": "Service", "group": "", "name": "a"}
DURATION = "must be a valid duration greater than 1ms"
PORT = "port must be between 1-65535"


@dataclass(frozen=True, slots=True)
class Case:
    """One rule: a spec that breaks it, one that barely does not, when it holds, and the answer."""

    name: str
    kind: str
    refused: dict[str, Any]
    allowed: dict[str, Any]
    since: str
    answer: tuple[str, ...]
    last: str = LAST


def patch(**match: Any) -> dict[str, Any]:
    return {"configPatches": [{"applyTo": "HTTP_FILTER", "match": match}]}


def targets(**changes: Any) -> dict[str, Any]:
    return {"targetRefs": [SERVICE | changes]}


def plugin(**spec: Any) -> dict[str, Any]:
    return {"url": URL} | spec


def env(**variable: Any) -> dict[str, Any]:
    return plugin(vmConfig={"env": [variable]})


def module(**fields: Any) -> dict[str, Any]:
    return {"wasm": plugin(**fields)}


def route(**fields: Any) -> dict[str, Any]:
    return {"hosts": ["a"], "http": [fields]}


def entry(**fields: Any) -> dict[str, Any]:
    return {"hosts": ["a.example"], "resolution": "STATIC"} | fields


def endpoint(**fields: Any) -> dict[str, Any]:
    return entry(endpoints=[{"address": "1.2.3.4"} | fields])


def port(**fields: Any) -> dict[str, Any]:
    return entry(ports=[{"number": 80, "name": "http"} | fields])


def secured(**tls: Any) -> dict[str, Any]:
    port = {"number": 443, "name": "a", "protocol": "HTTPS"}
    return {"servers": [{"port": port, "hosts": ["*"], "tls": {"mode": "SIMPLE"} | tls}]}


def policy(**fields: Any) -> dict[str, Any]:
    return {"host": "a", "trafficPolicy": fields}


def balanced(**fields: Any) -> dict[str, Any]:
    return policy(loadBalancer=fields)


def too_many(place: str, count: int, most: int) -> tuple[str, ...]:
    return f"{place}: Too many: {count}: must have at most {most} items", UNCHECKED


def too_long(place: str, most: int) -> tuple[str, ...]:
    return f"{place}: Too long: may not be more than {most} bytes", UNCHECKED


def too_short(place: str) -> tuple[str, ...]:
    return (f'{place}: Invalid value: "": {place} in body should be at least 1 chars long',)


def missing(place: str) -> tuple[str, ...]:
    return f"{place}: Required value", UNCHECKED


def exclusive(place: str) -> tuple[str, ...]:
    return (f'<nil>: Invalid value: "": "{place}" {EXCLUSIVE}',)


def broken(place: str, message: str, shown: str = '"object"') -> tuple[str, ...]:
    return (f"{place}: Invalid value: {shown}: {message}",)


_ONE = "only one of targetRefs or {} can be set"
_WAYPOINT = "only support waypointMatch when context is WAYPOINT"
_SCHEME = "url must have schema one of [http, https, file, oci]"
_CONTEXTS = '"ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"'
_MATCH = "spec.configPatches[0].match"

ENVOY_FILTER = [
    Case(
        "two match objects",
        "EnvoyFilter",
        patch(listener={}, cluster={}),
        patch(listener={}),
        FIRST,
        exclusive(_MATCH),
    ),
    Case(
        "no patch in the list",
        "EnvoyFilter",
        {"configPatches": [None]},
        {"configPatches": None},
        FIRST,
        (
            'spec.configPatches[0]: Invalid value: "null": '
            'spec.configPatches[0] in body must be of type object: "null"',
            UNCHECKED,
        ),
    ),
    Case(
        "the context WAYPOINT before its release",
        "EnvoyFilter",
        patch(context="WAYPOINT"),
        patch(context="GATEWAY"),
        FIRST,
        (
            f'{_MATCH}.context: Unsupported value: "WAYPOINT": supported values: {_CONTEXTS}',
            UNCHECKED,
        ),
        last="1.28",
    ),
    Case(
        "WAYPOINT without its match",
        "EnvoyFilter",
        patch(context="WAYPOINT"),
        patch(context="GATEWAY"),
        "1.29",
        broken(_MATCH, _WAYPOINT),
    ),
    Case(
        "WAYPOINT with a listener",
        "EnvoyFilter",
        patch(context="WAYPOINT", listener={}),
        patch(context="GATEWAY", listener={}),
        "1.29",
        broken(_MATCH, _WAYPOINT),
    ),
    Case(
        "a waypoint in another context",
        "EnvoyFilter",
        patch(context="ANY", waypoint={}),
        patch(context="ANY"),
        "1.29",
        broken(_MATCH, _WAYPOINT),
    ),
    Case(
        "a waypoint in no context",
        "EnvoyFilter",
        patch(waypoint={}),
        patch(),
        "1.29",
        broken(_MATCH, _WAYPOINT),
    ),
    Case(
        "a waypoint's port",
        "EnvoyFilter",
        patch(context="WAYPOINT", waypoint={"portNumber": 65536}),
        patch(),
        "1.29",
        broken(f"{_MATCH}.waypoint.portNumber", PORT, '"integer"'),
    ),
    Case(
        "a waypoint's port zero",
        "EnvoyFilter",
        patch(context="WAYPOINT", waypoint={"portNumber": 0}),
        patch(),
        "1.29",
        broken(f"{_MATCH}.waypoint.portNumber", PORT, '"integer"'),
    ),
    Case(
        "two ways to select",
        "EnvoyFilter",
        {"workloadSelector": {}, "targetRefs": [SERVICE]},
        {"workloadSelector": {}},
        "1.24",
        broken("spec", _ONE.format("workloadSelector")),
    ),
    Case(
        "seventeen targets",
        "EnvoyFilter",
        {"targetRefs": [SERVICE] * 17},
        {"targetRefs": [SERVICE] * 16},
        "1.24",
        too_many("spec.targetRefs", 17, 16),
    ),
    Case(
        "many labels",
        "EnvoyFilter",
        {"workloadSelector": {"labels": {f"l{one}": "" for one in range(257)}}},
        {"workloadSelector": {"labels": {f"l{one}": "" for one in range(256)}}},
        "1.24",
        too_many("spec.workloadSelector.labels", 257, 256),
    ),
    Case(
        "a long label",
        "EnvoyFilter",
        {"workloadSelector": {"labels": {"app": "x" * 64}}},
        {"workloadSelector": {"labels": {"app": "x" * 63}}},
        "1.24",
        too_long("spec.workloadSelector.labels.app", 63),
    ),
    Case(
        "a wildcard in a label",
        "EnvoyFilter",
        {"workloadSelector": {"labels": {"app": "a*"}}},
        {"workloadSelector": {"labels": {"app*": "a"}}},
        "1.24",
        broken(
            "spec.workloadSelector.labels[app]", "wildcard is not supported in selector", '"string"'
        ),
    ),
    Case(
        "a target of another kind (1.23)",
        "EnvoyFilter",
        targets(kind="ServiceEntry", group="networking.istio.io"),
        targets(),
        "1.23",
        broken(
            "spec.targetRefs[0]",
            "Support kinds are core/Service and gateway.networking.k8s.io/Gateway",
        ),
        last="1.23",
    ),
    Case(
        "a target of another kind (1.24)",
        "EnvoyFilter",
        targets(kind="GatewayClass", group="gateway.networking.k8s.io"),
        targets(kind="Gateway", group="gateway.networking.k8s.io"),
        "1.24",
        broken(
            "spec.targetRefs[0]",
            "Support kinds are core/Service, networking.istio.io/ServiceEntry, "
            "gateway.networking.k8s.io/Gateway",
        ),
        last="1.24",
    ),
]

TARGETS = [
    Case(
        "a target without a name",
        kind,
        base | {"targetRefs": [{"kind": "Service", "group": ""}]},
        base | targets(),
        since,
        missing("spec.targetRefs[0].name"),
    )
    for kind, base, since in (
        ("EnvoyFilter", {}, "1.23"),
        ("WasmPlugin", plugin(), "1.23"),
        ("TrafficExtension", module(), "1.30"),
    )
]
TARGETS += [
    Case(
        f"a target's {what}",
        "EnvoyFilter",
        targets(**bad),
        targets(**good),
        "1.23",
        answer,
    )
    for what, bad, good, answer in (
        ("empty kind", {"kind": ""}, {"kind": "S"}, too_short("spec.targetRefs[0].kind")),
        (
            "long kind",
            {"kind": "x" * 64},
            {"kind": "x" * 63},
            too_long("spec.targetRefs[0].kind", 63),
        ),
        (
            "long name",
            {"name": LONG},
            {"name": LONG[:-1]},
            too_long("spec.targetRefs[0].name", 253),
        ),
        ("empty name", {"name": ""}, {"name": "a"}, too_short("spec.targetRefs[0].name")),
        (
            "group",
            {"group": "A"},
            {"group": "a.b"},
            broken(
                "spec.targetRefs[0].group",
                f"spec.targetRefs[0].group in body should match '{PATTERN}'",
                '"A"',
            ),
        ),
        (
            "namespace",
            {"namespace": "b"},
            {"namespace": ""},
            broken(
                "spec.targetRefs[0].namespace",
                "cross namespace referencing is not currently supported",
                '"string"',
            ),
        ),
    )
]
TARGETS += [
    Case(
        "seventeen targets",
        kind,
        base | {"targetRefs": [SERVICE] * 17},
        base | {"targetRefs": [SERVICE] * 16},
        since,
        too_many("spec.targetRefs", 17, 16),
    )
    for kind, base, since in (
        ("WasmPlugin", plugin(), "1.24"),
        ("TrafficExtension", module(), "1.30"),
    )
]

MODULES = [
    Case(name, "WasmPlugin", plugin(**bad), plugin(**good), "1.20", answer)
    for name, bad, good, answer in (
        ("an empty name", {"pluginName": ""}, {"pluginName": "a"}, too_short("spec.pluginName")),
        (
            "a long name",
            {"pluginName": "x" * 257},
            {"pluginName": "x" * 256},
            too_long("spec.pluginName", 256),
        ),
        (
            "an empty pull secret",
            {"imagePullSecret": ""},
            {"imagePullSecret": "a"},
            too_short("spec.imagePullSecret"),
        ),
        (
            "a long pull secret",
            {"imagePullSecret": LONG},
            {"imagePullSecret": LONG[:-1]},
            too_long("spec.imagePullSecret", 253),
        ),
        (
            "a checksum",
            {"sha256": "foo"},
            {"sha256": ""},
            broken(
                "spec.sha256", "spec.sha256 in body should match '(^$|^[a-f0-9]{64}$)'", '"foo"'
            ),
        ),
        ("an empty url", {"url": ""}, {"url": "a"}, too_short("spec.url")),
        ("no url", {"url": None}, {}, missing("spec.url")),
        (
            "a scheme",
            {"url": "fake://example.com"},
            {"url": "FILE:///example.com"},
            broken("spec.url", _SCHEME, '"string"'),
        ),
        (
            "no address",
            {"url": "#%blah$#@"},
            {"url": "example.com/x:1"},
            broken("spec.url", _SCHEME, '"string"'),
        ),
        (
            "a port without a number",
            {"match": [{"ports": [{}]}]},
            {"match": [{"ports": [{"number": 1}]}]},
            missing("spec.match[0].ports[0].number"),
        ),
        (
            "the port zero",
            {"match": [{"ports": [{"number": 0}]}]},
            {"match": [{"ports": [{"number": 1}]}]},
            broken(
                "spec.match[0].ports[0].number",
                "spec.match[0].ports[0].number in body should be greater than or equal to 1",
                "0",
            ),
        ),
        (
            "a port too high",
            {"match": [{"ports": [{"number": 65536}]}]},
            {"match": [{"ports": [{"number": 65535}]}]},
            broken(
                "spec.match[0].ports[0].number",
                "spec.match[0].ports[0].number in body should be less than or equal to 65535",
                "65536",
            ),
        ),
        (
            "a port twice",
            {"match": [{"ports": [{"number": 80}, {"number": 80}]}]},
            {"match": [{"ports": [{"number": 80}]}, {"ports": [{"number": 80}]}]},
            ('spec.match[0].ports[1]: Duplicate value: {"number":80}',),
        ),
        (
            "a variable without a name",
            {"vmConfig": {"env": [{"value": "a"}]}},
            {"vmConfig": {"env": [{"name": "a"}]}},
            missing("spec.vmConfig.env[0].name"),
        ),
        (
            "a variable's empty name",
            {"vmConfig": {"env": [{"name": ""}]}},
            {"vmConfig": {"env": [{"name": "a"}]}},
            too_short("spec.vmConfig.env[0].name"),
        ),
        (
            "a variable's long name",
            {"vmConfig": {"env": [{"name": "x" * 257}]}},
            {"vmConfig": {"env": [{"name": "x" * 256}]}},
            too_long("spec.vmConfig.env[0].name", 256),
        ),
        (
            "a variable's long value",
            {"vmConfig": {"env": [{"name": "a", "value": "x" * 2049}]}},
            {"vmConfig": {"env": [{"name": "a", "value": "x" * 2048}]}},
            too_long("spec.vmConfig.env[0].value", 2048),
        ),
        (
            "a variable twice",
            {"vmConfig": {"env": [{"name": "a"}, {"name": "a"}]}},
            {"vmConfig": {"env": [{"name": "a"}, {"name": "b"}]}},
            ('spec.vmConfig.env[1]: Duplicate value: {"name":"a"}',),
        ),
        (
            "many variables",
            {"vmConfig": {"env": [{"name": f"v{one}"} for one in range(257)]}},
            {"vmConfig": {"env": [{"name": f"v{one}"} for one in range(256)]}},
            too_many("spec.vmConfig.env", 257, 256),
        ),
        (
            "a value from the host",
            {"vmConfig": {"env": [{"name": "a", "valueFrom": "HOST", "value": ""}]}},
            {"vmConfig": {"env": [{"name": "a", "valueFrom": "INLINE", "value": ""}]}},
            broken("spec.vmConfig.env[0]", "value may only be set when valueFrom is INLINE"),
        ),
    )
]
MODULES += [
    Case(name, "WasmPlugin", plugin(selector=bad), plugin(selector=good), "1.23", answer)
    for name, bad, good, answer in (
        (
            "a wildcard in a label's key",
            {"matchLabels": {"a*": "b"}},
            {"matchLabels": {"a": "b"}},
            broken("spec.selector.matchLabels", "wildcard not allowed in label key match"),
        ),
        (
            "a label without a key",
            {"matchLabels": {"": "b"}},
            {"matchLabels": {"a": ""}},
            broken("spec.selector.matchLabels", "key must not be empty"),
        ),
        (
            "a wildcard in a label's value",
            {"matchLabels": {"a": "*"}},
            {"matchLabels": {"a": "b"}},
            broken(
                "spec.selector.matchLabels[a]",
                "wildcard not allowed in label value match",
                '"string"',
            ),
        ),
        (
            "a long label",
            {"matchLabels": {"a": "x" * 64}},
            {"matchLabels": {"a": "x" * 63}},
            too_long("spec.selector.matchLabels.a", 63),
        ),
    )
]
MODULES += [
    Case(
        "two ways to select",
        "WasmPlugin",
        plugin(selector={}, targetRef=SERVICE),
        plugin(targetRef=SERVICE),
        "1.24",
        broken("spec", _ONE.format("selector")),
    ),
    Case(
        "a target without a kind",
        "WasmPlugin",
        plugin(targetRef={"group": "", "name": "a"}),
        plugin(targetRef=SERVICE),
        "1.23",
        missing("spec.targetRef.kind"),
    ),
]

NATIVE = [
    Case(name, "TrafficExtension", bad, good, "1.30", answer)
    for name, bad, good, answer in (
        (
            "neither wasm nor lua",
            {},
            module(),
            broken("spec", "exactly one of wasm or lua must be set"),
        ),
        (
            "both wasm and lua",
            module() | {"lua": {"inlineCode": "a"}},
            {"lua": {"inlineCode": "a"}},
            (
                *exclusive("spec"),
                *broken("spec", "exactly one of wasm or lua must be set"),
            ),
        ),
        ("no code", {"lua": {}}, {"lua": {"inlineCode": "a"}}, missing("spec.lua.inlineCode")),
        (
            "empty code",
            {"lua": {"inlineCode": ""}},
            {"lua": {"inlineCode": "a"}},
            too_short("spec.lua.inlineCode"),
        ),
        (
            "long code",
            {"lua": {"inlineCode": "a" * 65537}},
            {"lua": {"inlineCode": "a" * 65536}},
            too_long("spec.lua.inlineCode", 65536),
        ),
        (
            "an empty name",
            module(pluginName=""),
            module(pluginName="a"),
            too_short("spec.wasm.pluginName"),
        ),
        (
            "two ways to select",
            module() | {"selector": {}, "targetRefs": [SERVICE]},
            module() | {"selector": {}},
            broken("spec", _ONE.format("selector")),
        ),
    )
]

ROUTES = [
    Case(name, "VirtualService", route(**bad), route(**good), since, answer)
    for name, bad, good, since, answer in (
        (
            "two kinds of match",
            {"match": [{"uri": {"exact": "/a", "prefix": "/"}}]},
            {"match": [{"uri": {"exact": "/a"}}]},
            FIRST,
            exclusive("spec.http[0].match[0].uri"),
        ),
        (
            "two kinds of match on a header",
            {"match": [{"headers": {"a": {"exact": "/a", "regex": "/"}}}]},
            {"match": [{"headers": {"a": {}}}]},
            FIRST,
            exclusive("spec.http[0].match[0].headers.a"),
        ),
        (
            "two ports to redirect to",
            {"redirect": {"port": 80, "derivePort": "FROM_REQUEST_PORT"}},
            {"redirect": {"port": 80}},
            FIRST,
            exclusive("spec.http[0].redirect"),
        ),
        (
            "two ways to abort",
            {"fault": {"abort": {"httpStatus": 500, "grpcStatus": "OK"}}},
            {"fault": {"abort": {"httpStatus": 500}}},
            FIRST,
            exclusive("spec.http[0].fault.abort"),
        ),
        (
            "two bodies",
            {"directResponse": {"status": 200, "body": {"string": "a", "bytes": "YQ=="}}},
            {"directResponse": {"status": 200, "body": {"bytes": "YQ=="}}},
            FIRST,
            exclusive("spec.http[0].directResponse.body"),
        ),
        (
            "no status",
            {"directResponse": {}},
            {"directResponse": {"status": 200}},
            "1.20",
            missing("spec.http[0].directResponse.status"),
        ),
        (
            "no destination",
            {"route": [{"weight": 1}]},
            {"route": [{"destination": {"host": "a"}}]},
            "1.20",
            missing("spec.http[0].route[0].destination"),
        ),
        (
            "no host",
            {"route": [{"destination": {"subset": "a"}}]},
            {"route": [{"destination": {"host": "a"}}]},
            "1.20",
            missing("spec.http[0].route[0].destination.host"),
        ),
        (
            "a mirror without a host",
            {"mirror": {}},
            {"mirror": {"host": "a"}},
            "1.20",
            missing("spec.http[0].mirror.host"),
        ),
        (
            "a short timeout",
            {"timeout": "999us"},
            {"timeout": "1ms"},
            "1.23",
            broken("spec.http[0].timeout", DURATION, '"string"'),
        ),
        (
            "no timeout",
            {"timeout": "0s"},
            {"timeout": "1ms"},
            "1.23",
            broken("spec.http[0].timeout", DURATION, '"string"'),
        ),
        (
            "a short delay",
            {"fault": {"delay": {"fixedDelay": "0s"}}},
            {"fault": {"delay": {"fixedDelay": "1ms"}}},
            "1.23",
            broken("spec.http[0].fault.delay.fixedDelay", DURATION, '"string"'),
        ),
        (
            "a short backoff",
            {"retries": {"attempts": 1, "backoff": "0s"}},
            {"retries": {"attempts": 1, "backoff": "1ms"}},
            "1.26",
            broken("spec.http[0].retries.backoff", DURATION, '"string"'),
        ),
    )
]

ROUTES += [
    Case(name, "VirtualService", {"hosts": ["a"]} | bad, {"hosts": ["a"]} | good, "1.20", answer)
    for name, bad, good, answer in (
        (
            "a TLS route without a match",
            {"tls": [{"route": []}]},
            {"tls": [{"match": []}]},
            missing("spec.tls[0].match"),
        ),
        (
            "a TLS match without names",
            {"tls": [{"match": [{"port": 443}]}]},
            {"tls": [{"match": [{"sniHosts": []}]}]},
            missing("spec.tls[0].match[0].sniHosts"),
        ),
        (
            "a TLS route without a host",
            {"tls": [{"match": [], "route": [{"destination": {"subset": "a"}}]}]},
            {"tls": [{"match": [], "route": [{"destination": {"host": "a"}}]}]},
            missing("spec.tls[0].route[0].destination.host"),
        ),
        (
            "a TCP route without a destination",
            {"tcp": [{"route": [{"weight": 1}]}]},
            {"tcp": [{"route": [{"destination": {"host": "a"}}]}]},
            missing("spec.tcp[0].route[0].destination"),
        ),
    )
]

ENTRIES = [
    Case(name, "ServiceEntry", bad, good, since, answer)
    for name, bad, good, since, answer in (
        ("no hosts", {"resolution": "NONE"}, entry(), "1.20", missing("spec.hosts")),
        (
            "an empty list of hosts",
            entry(hosts=[]),
            entry(),
            "1.24",
            broken("spec.hosts", "spec.hosts in body should have at least 1 items", "0"),
        ),
        (
            "many hosts",
            entry(hosts=[f"h{one}" for one in range(257)]),
            entry(hosts=[f"h{one}" for one in range(256)]),
            "1.24",
            too_many("spec.hosts", 257, 256),
        ),
        (
            "every host",
            entry(hosts=["*"]),
            entry(hosts=["*.a.example"]),
            "1.24",
            broken("spec.hosts[0]", "hostname cannot be wildcard", '"string"'),
        ),
        (
            "a port without a name",
            entry(ports=[{"number": 80}]),
            port(),
            "1.20",
            missing("spec.ports[0].name"),
        ),
        (
            "a port too high",
            port(number=65536),
            port(number=65535),
            "1.24",
            broken("spec.ports[0].number", PORT, '"integer"'),
        ),
        (
            "a target port zero",
            port(targetPort=0),
            port(targetPort=1),
            "1.24",
            broken("spec.ports[0].targetPort", PORT, '"integer"'),
        ),
        (
            "a port's name twice",
            entry(ports=[{"number": 1, "name": "a"}, {"number": 2, "name": "a"}]),
            entry(ports=[{"number": 1, "name": "a"}, {"number": 2, "name": "b"}]),
            "1.24",
            ('spec.ports[1]: Duplicate value: {"name":"a"}',),
        ),
        (
            "a port's number twice",
            entry(ports=[{"number": 1, "name": "a"}, {"number": 1, "name": "b"}]),
            entry(ports=[{"number": 1, "name": "a"}, {"number": 2, "name": "b"}]),
            "1.24",
            broken("spec.ports", "port number cannot be duplicated", '"array"'),
        ),
        (
            "endpoints without resolution",
            {"hosts": ["a"], "endpoints": [{"address": "1.2.3.4"}]},
            endpoint(),
            "1.24",
            broken("spec", "NONE mode cannot set endpoints"),
        ),
        (
            "two endpoints in turn",
            entry(resolution="DNS_ROUND_ROBIN", endpoints=[{"address": "a"}, {"address": "b"}]),
            entry(resolution="DNS_ROUND_ROBIN", endpoints=[{"address": "a"}]),
            "1.24",
            broken("spec", "DNS_ROUND_ROBIN mode cannot have multiple endpoints"),
        ),
        (
            "an endpoint without an address",
            entry(endpoints=[{"weight": 1}]),
            endpoint(),
            "1.23",
            broken("spec.endpoints[0]", "Address is required"),
        ),
        (
            "a socket with ports",
            endpoint(address="unix:///a", ports={"http": 80}),
            endpoint(address="unix:///a"),
            "1.23",
            broken("spec.endpoints[0]", "UDS may not include ports"),
        ),
        (
            "a socket's path",
            endpoint(address="unix://a"),
            endpoint(address="unix://@a"),
            "1.23",
            broken(
                "spec.endpoints[0].address",
                "UDS must be an absolute path or abstract socket",
                '"string"',
            ),
        ),
        (
            "a socket that is a folder",
            endpoint(address="unix:///a/"),
            endpoint(address="unix:///a"),
            "1.23",
            broken("spec.endpoints[0].address", "UDS may not be a dir", '"string"'),
        ),
        (
            "a port's name at an endpoint",
            endpoint(ports={"x" * 63: 80}),
            endpoint(ports={"x" * 62: 80}),
            "1.23",
            broken("spec.endpoints[0].ports", "port name must be valid"),
        ),
        (
            "a port too high at an endpoint",
            endpoint(ports={"http": 65536}),
            endpoint(ports={"http": 65535}),
            "1.23",
            broken("spec.endpoints[0].ports[http]", PORT, '"integer"'),
        ),
    )
]

GATEWAYS = [
    Case(
        "two ways to name certificates",
        "Gateway",
        secured(credentialName="a", credentialNames=["a", "b"]),
        secured(credentialName="a"),
        "1.26",
        broken("spec.servers[0].tls", "only one of credentialName or credentialNames can be set"),
    ),
    Case(
        "certificates by two kinds of name",
        "Gateway",
        secured(
            tlsCertificates=[{"serverCertificate": "a", "privateKey": "b"}], credentialNames=["a"]
        ),
        secured(credentialNames=["a"]),
        "1.26",
        (
            *broken(
                "spec.servers[0].tls", "only one of credentialNames or tlsCertificates can be set"
            ),
            *broken(
                "spec.servers[0].tls", "only one of credentialName or tlsCertificates can be set"
            ),
        ),
    ),
]
GATEWAYS += [
    Case(name, "Gateway", {"servers": [bad]}, {"servers": [good]}, "1.20", answer)
    for name, bad, good, answer in (
        (
            "a server without hosts",
            {"port": {"number": 80, "name": "a", "protocol": "HTTP"}},
            {"port": {"number": 80, "name": "a", "protocol": "HTTP"}, "hosts": []},
            missing("spec.servers[0].hosts"),
        ),
        (
            "a server without a protocol",
            {"port": {"number": 80, "name": "a"}, "hosts": ["*"]},
            {"port": {"number": 80, "name": "a", "protocol": ""}, "hosts": ["*"]},
            missing("spec.servers[0].port.protocol"),
        ),
    )
]

POLICIES = [
    Case(name, "DestinationRule", bad, good, since, answer, last)
    for name, bad, good, since, last, answer in (
        ("no host", {"exportTo": ["."]}, {"host": "a"}, "1.20", LAST, missing("spec.host")),
        (
            "two balancers",
            balanced(simple="RANDOM", consistentHash={"useSourceIp": True}),
            balanced(simple="RANDOM"),
            FIRST,
            LAST,
            exclusive("spec.trafficPolicy.loadBalancer"),
        ),
        (
            "two things to hash",
            balanced(consistentHash={"useSourceIp": True, "httpHeaderName": "a"}),
            balanced(consistentHash={"useSourceIp": True}),
            "1.20",
            LAST,
            (
                *exclusive("spec.trafficPolicy.loadBalancer.consistentHash"),
                '<nil>: Invalid value: "": "spec.trafficPolicy.loadBalancer.consistentHash" '
                "must validate all the schemas (allOf)",
            ),
        ),
        (
            "a cookie without a name",
            balanced(consistentHash={"httpCookie": {"ttl": "1s"}}),
            balanced(consistentHash={"httpCookie": {"name": "a"}}),
            "1.20",
            LAST,
            missing("spec.trafficPolicy.loadBalancer.consistentHash.httpCookie.name"),
        ),
        (
            "a short timeout",
            policy(connectionPool={"tcp": {"connectTimeout": "0s"}}),
            policy(connectionPool={"tcp": {"connectTimeout": "1ms"}}),
            "1.23",
            LAST,
            broken("spec.trafficPolicy.connectionPool.tcp.connectTimeout", DURATION, '"string"'),
        ),
        (
            "a short timeout of one port of a subset",
            {
                "host": "a",
                "subsets": [
                    {
                        "name": "b",
                        "trafficPolicy": {
                            "portLevelSettings": [{"outlierDetection": {"interval": "0s"}}]
                        },
                    }
                ],
            },
            {"host": "a", "subsets": [{"name": "b"}]},
            "1.23",
            LAST,
            broken(
                "spec.subsets[0].trafficPolicy.portLevelSettings[0].outlierDetection.interval",
                DURATION,
                '"string"',
            ),
        ),
        (
            "no idle timeout",
            policy(connectionPool={"tcp": {"idleTimeout": "0s"}}),
            policy(connectionPool={"tcp": {"idleTimeout": "1ms"}}),
            "1.23",
            "1.25",
            broken("spec.trafficPolicy.connectionPool.tcp.idleTimeout", DURATION, '"string"'),
        ),
        (
            "a warm-up without an end",
            balanced(simple="RANDOM", warmup={"minimumPercent": 1}),
            balanced(simple="RANDOM", warmup={"duration": "1s"}),
            "1.24",
            LAST,
            missing("spec.trafficPolicy.loadBalancer.warmup.duration"),
        ),
        (
            "a warm-up from too much",
            balanced(warmup={"duration": "1s", "minimumPercent": 101}),
            balanced(warmup={"duration": "1s", "minimumPercent": 100}),
            "1.24",
            LAST,
            broken(
                "spec.trafficPolicy.loadBalancer.warmup.minimumPercent",
                "spec.trafficPolicy.loadBalancer.warmup.minimumPercent in body should be "
                "less than or equal to 100",
                "101",
            ),
        ),
        (
            "a slow warm-up",
            balanced(warmup={"duration": "1s", "aggression": 0.5}),
            balanced(warmup={"duration": "1s", "aggression": 1}),
            "1.24",
            "1.28",
            broken(
                "spec.trafficPolicy.loadBalancer.warmup.aggression",
                "spec.trafficPolicy.loadBalancer.warmup.aggression in body should be "
                "greater than or equal to 1",
                "0.5",
            ),
        ),
    )
]

CASES = [
    *ENVOY_FILTER,
    *TARGETS,
    *MODULES,
    *NATIVE,
    *ROUTES,
    *ENTRIES,
    *GATEWAYS,
    *POLICIES,
]
