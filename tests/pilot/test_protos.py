"""Envoy's messages are read as istiod reads them and written in one form."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clusters.pilot import protos
from clusters.pilot.protos import TYPE_PREFIX, ProtoError

ROOT = Path(__file__).parents[2]
CLUSTER = "envoy.config.cluster.v3.Cluster"
FILTER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"


def test_both_spellings_are_read_and_one_is_written() -> None:
    for field in ("connect_timeout", "connectTimeout"):
        assert protos.normalise(CLUSTER, {field: "10s"}) == {"connect_timeout": "10s"}
    assert protos.normalise(CLUSTER, {"lbPolicy": 3}) == {"lb_policy": "RANDOM"}


def test_unknown_fields_are_dropped_or_named() -> None:
    assert protos.normalise(CLUSTER, {"name": "a", "colour": 1}) == {"name": "a"}
    with pytest.raises(ProtoError, match=f'^unknown field "colour" in {CLUSTER}$'):
        protos.parse_strictly(CLUSTER, {"name": "a", "colour": 1})


WRONG: list[tuple[str, Any, str]] = [
    (CLUSTER, {"lb_policy": "BEST"}, rf'unknown value "\"BEST\"" for enum {CLUSTER}.LbPolicy'),
    (CLUSTER, {"name": 1}, "json: cannot unmarshal number into Go value of type string"),
    (CLUSTER, {"connect_timeout": "soon"}, 'bad Duration: time: invalid duration "soon"'),
    (FILTER, {"typed_config": {"@type": f"{TYPE_PREFIX}no.Such"}}, "could not resolve Any"),
    (
        FILTER,
        {"typed_config": {"@type": f"{TYPE_PREFIX}envoy.extensions.filters.http.lua.v3.No"}},
        f"could not resolve Any message type: {TYPE_PREFIX}envoy.extensions.filters.http.lua.v3.No",
    ),
    (FILTER, {"typed_config": {"name": "x"}}, "Any JSON doesn't have '@type'"),
]


@pytest.mark.parametrize(("message", "value", "words"), WRONG)
def test_what_go_refuses_is_refused(message: str, value: Any, words: str) -> None:
    with pytest.raises(ProtoError) as error:
        protos.parse(message, value)
    assert words in str(error.value)


DEEP: list[tuple[str, Any]] = [
    ("in a list", {"circuit_breakers": {"thresholds": [{"priority": "BEST"}]}}),
    (
        "in a map",
        {
            "typed_extension_protocol_options": {
                "x": {
                    "@type": f"{TYPE_PREFIX}envoy.extensions.wasm.v3.PluginConfig",
                    "failure_policy": "BEST",
                }
            }
        },
    ),
]


@pytest.mark.parametrize(("where", "value"), DEEP, ids=[one[0] for one in DEEP])
def test_an_unknown_enum_name_is_found_wherever_it_is(where: str, value: Any) -> None:
    with pytest.raises(ProtoError, match=r'unknown value "\\"BEST\\"" for enum'):
        protos.parse(CLUSTER, value)


def test_a_struct_may_hold_anything() -> None:
    value = {
        "@type": f"{TYPE_PREFIX}udpa.type.v1.TypedStruct",
        "type_url": "x",
        "value": {"@type": "no.Such", "lb_policy": "BEST", "list": [1, "a", None]},
    }
    assert protos.normalise(FILTER, {"typed_config": value}) == {"typed_config": value}


# Everything that may stand in an Any of a gateway; each is imported when it is first named.
MESSAGES = [
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "envoy.extensions.filters.http.router.v3.Router",
    "envoy.extensions.filters.http.wasm.v3.Wasm",
    "envoy.extensions.filters.network.wasm.v3.Wasm",
    "envoy.extensions.filters.http.rbac.v3.RBAC",
    "envoy.extensions.filters.http.cors.v3.CorsPolicy",
    "envoy.extensions.filters.http.fault.v3.HTTPFault",
    "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
    "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb",
    "envoy.extensions.filters.http.lua.v3.Lua",
    "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
    "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
    "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
    "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
    "envoy.extensions.filters.http.buffer.v3.Buffer",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    "envoy.extensions.access_loggers.file.v3.FileAccessLog",
    "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    "udpa.type.v1.TypedStruct",
    "xds.type.v3.TypedStruct",
    "google.protobuf.StringValue",
    "google.protobuf.Struct",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_known_by_its_type_url(message: str) -> None:
    assert protos.message_class(TYPE_PREFIX + message).DESCRIPTOR.full_name == message


@pytest.mark.parametrize(
    ("type_url", "message"),
    [
        (protos.LDS, "envoy.config.listener.v3.Listener"),
        (protos.RDS, "envoy.config.route.v3.RouteConfiguration"),
        (protos.CDS, CLUSTER),
        (protos.EDS, "envoy.config.endpoint.v3.ClusterLoadAssignment"),
        (protos.ECDS, "envoy.config.core.v3.TypedExtensionConfig"),
    ],
)
def test_the_five_types_of_a_push_are_named(type_url: str, message: str) -> None:
    assert type_url == f"type.googleapis.com/{message}"
    assert protos.message_class(type_url).DESCRIPTOR.full_name == message


def test_equal_resources_pack_to_equal_bytes_and_a_misspelt_one_fails() -> None:
    one = protos.pack({"name": "a", "connect_timeout": "1s"}, protos.CDS)
    two = protos.pack({"connect_timeout": "1s", "name": "a"}, protos.CDS)
    assert (one.type_url, one.value) == (protos.CDS, two.value)
    with pytest.raises(ProtoError, match='unknown field "nam"'):
        protos.pack({"nam": "a"}, protos.CDS)


def test_a_normalised_value_is_the_callers_own() -> None:
    value = {"name": "a", "circuit_breakers": {}}
    first = protos.normalise(CLUSTER, value)
    first["circuit_breakers"]["x"] = 1
    assert protos.normalise(CLUSTER, value) == {"name": "a", "circuit_breakers": {}}
    assert value == {"name": "a", "circuit_breakers": {}}


def test_importing_costs_little_and_brings_neither_grpc_nor_rare_filters() -> None:
    code = (
        "import sys, time; began = time.process_time(); import clusters.pilot.protos; "
        "cost = time.process_time() - began; "
        "print(cost, 'grpc' in sys.modules, any('filters.http' in one for one in sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    cost, grpc, filters = answer.stdout.split()
    assert (grpc, filters) == ("False", "False")
    assert float(cost) < 0.3
