"""Document sets that nobody thought of: patches, routes and plugins put together by Hypothesis.

`python -m tests.differential generate` writes them as files beside the sets that were written by
hand; what is compared are the files, so that they stay the same whatever Hypothesis does next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clusters.pilot import yamljson

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

Thing = dict[str, Any]

#: Examples that follow each other resemble each other: one in so many is kept.
_APART = 7
TYPES = "type.googleapis.com/envoy.extensions"
HCM = "envoy.filters.network.http_connection_manager"
_OPERATIONS = ("ADD", "REMOVE", "MERGE", "INSERT_FIRST", "INSERT_BEFORE", "INSERT_AFTER", "REPLACE")
_NAMES = st.sampled_from(["one", "two"])
_HTTP = st.sampled_from(["envoy.filters.http.router", "envoy.filters.http.cors", "one", "two"])
_NETWORK = st.sampled_from([HCM, "one"])
_ROUTES = st.sampled_from(["a", "b", "one"])
_HOSTS = st.sampled_from(["x.example:8443", "y.example:8443", "one"])
_CLUSTERS = st.sampled_from(
    ["outbound|9080||productpage.default.svc.cluster.local", "BlackHoleCluster", "one"]
)


def _document(kind: str, name: str, spec: Thing, namespace: str = "default") -> Thing:
    group = "extensions.istio.io/v1alpha1" if kind == "WasmPlugin" else "networking.istio.io/v1"
    version = "networking.istio.io/v1alpha3" if kind == "EnvoyFilter" else group
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _some(**fields: SearchStrategy[Any]) -> SearchStrategy[Thing]:
    """Any of the fields, none of them too."""
    return st.fixed_dictionaries({}, optional=fields)


def _typed(url: str, **fields: SearchStrategy[Any]) -> SearchStrategy[Thing]:
    return _some(**fields).map(lambda given: {"@type": f"{TYPES}.{url}", **given})


_LUA = _typed("filters.http.lua.v3.Lua", inline_code=st.sampled_from(["-- a", "-- b"]))
_ROUTER = _typed("filters.http.router.v3.Router", start_child_span=st.booleans())
_MANAGER = _typed(
    "filters.network.http_connection_manager.v3.HttpConnectionManager",
    server_name=st.sampled_from(["", "mine"]),
    xff_num_trusted_hops=st.integers(0, 2),
    use_remote_address=st.booleans(),
    stream_idle_timeout=st.sampled_from(["0s", "1.500s", "3s"]),
    upgrade_configs=st.lists(st.just({"upgrade_type": "CONNECT"}), max_size=2),
)
_ECHO = _typed("filters.network.echo.v3.Echo")
_INSPECTOR = _typed(
    "filters.listener.tls_inspector.v3.TlsInspector", enable_ja3_fingerprinting=st.booleans()
)
_PROXY_PROTOCOL = _typed("filters.listener.proxy_protocol.v3.ProxyProtocol")
_METADATA = st.dictionaries(_NAMES, st.dictionaries(_NAMES, st.integers(0, 9)), max_size=2)
_VALUES: dict[str, SearchStrategy[Thing]] = {
    "HTTP_FILTER": st.fixed_dictionaries({"name": _HTTP, "typed_config": _LUA | _ROUTER}),
    "NETWORK_FILTER": st.fixed_dictionaries({"name": _NETWORK, "typed_config": _MANAGER | _ECHO}),
    "LISTENER_FILTER": st.fixed_dictionaries(
        {"name": _NAMES, "typed_config": _INSPECTOR | _PROXY_PROTOCOL}
    ),
    "LISTENER": _some(
        stat_prefix=_NAMES,
        name=_NAMES,
        per_connection_buffer_limit_bytes=st.integers(0, 9),
        metadata=st.fixed_dictionaries({"filter_metadata": _METADATA}),
    ),
    "FILTER_CHAIN": _some(
        name=_NAMES,
        filters=st.lists(
            st.fixed_dictionaries({"name": _NAMES, "typed_config": _ECHO}), max_size=1
        ),
        transport_socket_connect_timeout=st.sampled_from(["1s", "0.001s"]),
    ),
    "ROUTE_CONFIGURATION": _some(
        internal_only_headers=st.lists(_NAMES, max_size=2),
        request_headers_to_remove=st.lists(_NAMES, max_size=2),
    ),
    "VIRTUAL_HOST": st.fixed_dictionaries(
        {"name": _HOSTS, "domains": st.just(["one.example"])},
        optional={"request_headers_to_remove": st.lists(_NAMES, max_size=2)},
    ),
    "HTTP_ROUTE": _some(
        name=_ROUTES,
        match=st.fixed_dictionaries({"prefix": st.sampled_from(["/", "/one"])}),
        direct_response=st.fixed_dictionaries({"status": st.integers(200, 599)}),
        metadata=st.fixed_dictionaries({"filter_metadata": _METADATA}),
        response_headers_to_remove=st.lists(_NAMES, max_size=2),
    ),
    "CLUSTER": _some(
        name=_CLUSTERS,
        connect_timeout=st.sampled_from(["1s", "0.250s"]),
        lb_policy=st.sampled_from(["RANDOM", "ROUND_ROBIN"]),
        metadata=st.fixed_dictionaries({"filter_metadata": _METADATA}),
    ),
}
_PORT = {"portNumber": st.sampled_from([8443, 8443, 1])}
_CHAIN = {"sni": st.sampled_from(["x.example", "y.example"])}


def _filter_chain(**more: SearchStrategy[Any]) -> SearchStrategy[Thing]:
    return _some(**_PORT, filterChain=_some(**_CHAIN, **more))


_MATCHES: dict[str, tuple[str, SearchStrategy[Thing]]] = {
    "HTTP_FILTER": (
        "listener",
        _filter_chain(
            filter=st.fixed_dictionaries(
                {"name": st.just(HCM)},
                optional={"subFilter": st.fixed_dictionaries({"name": _HTTP})},
            )
        ),
    ),
    "NETWORK_FILTER": (
        "listener",
        _filter_chain(filter=st.fixed_dictionaries({"name": _NETWORK})),
    ),
    "LISTENER_FILTER": (
        "listener",
        _some(
            **_PORT, listenerFilter=st.sampled_from(["envoy.filters.listener.tls_inspector", "one"])
        ),
    ),
    "LISTENER": ("listener", _some(**_PORT)),
    "FILTER_CHAIN": ("listener", _filter_chain()),
    "ROUTE_CONFIGURATION": ("routeConfiguration", _some(**_PORT)),
    "VIRTUAL_HOST": (
        "routeConfiguration",
        _some(**_PORT, vhost=st.fixed_dictionaries({"name": _HOSTS})),
    ),
    "HTTP_ROUTE": (
        "routeConfiguration",
        _some(vhost=_some(name=_HOSTS, route=_some(name=_ROUTES))),
    ),
    "CLUSTER": (
        "cluster",
        _some(name=_CLUSTERS, portNumber=st.sampled_from([9080, 1]))
        | _some(service=st.just("productpage.default.svc.cluster.local")),
    ),
}


@st.composite
def patches(draw: st.DrawFn) -> Thing:
    """Draw one configPatch: any operation on any object, with any match and a fitting value."""
    apply_to = draw(st.sampled_from(sorted(_VALUES)))
    operation = draw(st.sampled_from(_OPERATIONS))
    match: Thing = {"context": "GATEWAY"}
    key, matches = _MATCHES[apply_to]
    if draw(st.integers(0, 3)):
        match[key] = draw(matches)
    patch: Thing = {"operation": operation}
    if operation != "REMOVE":
        patch["value"] = draw(_VALUES[apply_to])
    return {"applyTo": apply_to, "match": match, "patch": patch}


@st.composite
def filters(draw: st.DrawFn) -> list[Thing]:
    """Draw one to three EnvoyFilters."""
    found = []
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        spec: Thing = {"configPatches": draw(st.lists(patches(), min_size=1, max_size=4))}
        if draw(st.booleans()):
            spec["priority"] = draw(st.integers(-2, 2))
        found.append(_document("EnvoyFilter", name, spec, "istio-system"))
    return found


_HOST_NAMES = st.sampled_from(["a.example", "b.example", "*.example", "*", "a.b.example"])
_URI = st.sampled_from(
    [{"prefix": "/"}, {"prefix": "/a"}, {"exact": "/b"}, {"regex": "/c/.*"}, {"regex": ".*"}]
)
_MATCH = _some(
    uri=_URI,
    method=st.just({"exact": "GET"}),
    headers=st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from([{}, {"exact": "v"}])),
    port=st.sampled_from([8080, 8081]),
    ignoreUriCase=st.booleans(),
)
_TO = st.fixed_dictionaries(
    {"destination": st.fixed_dictionaries({"host": st.sampled_from(["productpage", "nobody"])})},
    optional={"weight": st.integers(1, 3)},
)
_RULE = st.fixed_dictionaries(
    {"route": st.lists(_TO, min_size=1, max_size=2)},
    optional={
        "name": st.sampled_from(["one", "two"]),
        "match": st.lists(_MATCH, min_size=1, max_size=3),
        "timeout": st.sampled_from(["1s", "2.5s"]),
        "rewrite": st.sampled_from([{"uri": "/r"}, {"authority": "r.example"}]),
        "retries": st.fixed_dictionaries({"attempts": st.integers(1, 3)}),
        "headers": st.just({"request": {"set": {"x": "1"}}}),
    },
)


@st.composite
def traffic(draw: st.DrawFn) -> list[Thing]:
    """Draw Gateways and VirtualServices that may or may not fit each other."""
    found = []
    for name in draw(st.lists(st.sampled_from(["g", "h"]), min_size=1, unique=True)):
        ports = draw(st.lists(st.sampled_from([8080, 8081]), min_size=1, unique=True))
        servers = [
            {
                "port": {"number": port, "name": f"http-{port}", "protocol": "HTTP"},
                "hosts": draw(st.lists(_HOST_NAMES, min_size=1, max_size=2, unique=True)),
            }
            for port in ports
        ]
        spec = {"selector": {"istio": "ingressgateway"}, "servers": servers}
        found.append(_document("Gateway", name, spec))
    for name in draw(st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True)):
        spec = {
            "hosts": [draw(_HOST_NAMES)],
            "gateways": draw(st.lists(st.sampled_from(["g", "h"]), min_size=1, unique=True)),
            "http": draw(st.lists(_RULE, min_size=1, max_size=3)),
        }
        found.append(_document("VirtualService", name, spec))
    return found


@st.composite
def plugins(draw: st.DrawFn) -> list[Thing]:
    """Draw WasmPlugins of any phase, priority and selection."""
    settings_of = st.fixed_dictionaries(
        {"url": st.sampled_from(["oci://r.example/x:1", "http://h.example/x.wasm", "file:///x"])},
        optional={
            "phase": st.sampled_from(["AUTHN", "AUTHZ", "STATS", "UNSPECIFIED_PHASE"]),
            "priority": st.integers(-1, 2),
            "type": st.sampled_from(["HTTP", "NETWORK"]),
            "failStrategy": st.sampled_from(["FAIL_OPEN", "FAIL_CLOSE"]),
            "match": st.lists(
                _some(
                    mode=st.sampled_from(["CLIENT", "SERVER", "CLIENT_AND_SERVER"]),
                    ports=st.just([{"number": 8443}]),
                ),
                max_size=2,
            ),
            "selector": st.sampled_from(
                [{"matchLabels": {"istio": "ingressgateway"}}, {"matchLabels": {"a": "b"}}]
            ),
            "pluginConfig": st.dictionaries(_NAMES, st.integers(0, 9) | st.text("<&é", max_size=2)),
            "imagePullPolicy": st.sampled_from(["Always", "IfNotPresent"]),
        },
    )
    names = st.lists(st.sampled_from("abcd"), min_size=2, max_size=4, unique=True)
    return [
        _document("WasmPlugin", name, draw(settings_of), draw(st.sampled_from(["istio-system"])))
        for name in draw(names)
    ]


SUBJECTS: dict[str, tuple[SearchStrategy[list[Thing]], int]] = {
    "generated_filters": (filters(), 90),
    "generated_traffic": (traffic(), 40),
    "generated_plugins": (plugins(), 25),
}
"""What is generated for each subject, and how many sets."""


def write(folder: Path) -> int:
    """Write the sets of every subject into their folders, whose base stays; returns how many."""
    written = 0
    for subject, (strategy, count) in SUBJECTS.items():
        for old in (folder / subject).glob("[0-9]*.yaml"):
            old.unlink()
        for number, things in enumerate(_drawn(strategy, count), start=1):
            text = f"# Generated: {_told(things)}\n{_yaml(things)}"
            (folder / subject / f"{number:03}.yaml").write_text(text)
            written += 1
    return written


def _drawn(strategy: SearchStrategy[list[Thing]], count: int) -> list[list[Thing]]:
    found: list[list[Thing]] = []

    @settings(
        derandomize=True,
        database=None,
        max_examples=count * _APART,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(things: list[Thing]) -> None:
        if things not in found:
            found.append(things)

    collect()
    return found[::_APART]


def _told(things: list[Thing]) -> str:
    filters_ = [one for one in things if one["kind"] == "EnvoyFilter"]
    if not filters_:
        return ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in things)
    every = (patch for one in filters_ for patch in one["spec"]["configPatches"])
    return ", ".join(f"{one['patch']['operation']} of {one['applyTo']}" for one in every)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    """Quote what istiod's reader would take for something else than text, such as `y`."""
    style = None if isinstance(yamljson.resolve(text), str) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml(things: list[Thing]) -> str:
    made: str = yaml.dump_all(things, Dumper=_Dumper, sort_keys=False, width=96)
    return made
