"""Documents are refused at the line that is wrong, in words that help."""

import json
from pathlib import Path
from typing import Any

import pytest

from clusters.pilot import kinds
from clusters.pilot.documents import InvalidDocument, NotBuilt, parse, read, together
from tests.pilot.building import named

GATEWAY = """\
apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata:
  name: gw
  namespace: default
spec:
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
"""
HEAD = "apiVersion: networking.istio.io/v1alpha3\nkind: {}\nmetadata: {{name: x, namespace: d}}\n"


def test_a_document_is_read_with_its_metadata_and_line() -> None:
    text = "# one\n---\n" + GATEWAY.replace(
        "namespace: default",
        "namespace: default\n  labels: {a: b}\n  annotations: {c: d}\n"
        '  creationTimestamp: "2021-02-09T12:00:00+02:00"',
    )
    (one,) = parse(text, source="gw.yaml")
    assert one.key == ("Gateway", "default", "gw")
    assert str(one) == "Gateway default/gw"
    assert (one.labels, one.annotations) == ({"a": "b"}, {"c": "d"})
    assert one.creation_timestamp == "2021-02-09T10:00:00Z"
    assert one.source == "gw.yaml:3"
    assert one.spec["servers"][0]["hosts"] == ["*"]


def test_a_namespace_may_come_from_the_caller_but_not_from_nowhere() -> None:
    text = GATEWAY.replace("  namespace: default\n", "")
    (one,) = parse(text, namespace="mine")
    assert one.namespace == "mine"
    with pytest.raises(InvalidDocument, match=r"<text>:1: Gateway gw has no metadata.namespace"):
        parse(text)


def test_several_texts_and_files_make_one_set(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(GATEWAY)
    second.write_text(GATEWAY.replace("name: gw", "name: other"))
    assert [one.name for one in read(first, second)] == ["gw", "other"]
    assert len(together(parse(GATEWAY), read(second))) == 2


def test_one_name_twice_is_refused_naming_both_places(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(GATEWAY)
    with pytest.raises(InvalidDocument, match=r"b.yaml:1: Gateway default/gw is already given"):
        together(read(path), parse(GATEWAY, source="b.yaml"))
    with pytest.raises(InvalidDocument, match=r"<text>:11: Gateway default/gw .* at <text>:1"):
        parse(f"{GATEWAY}---\n{GATEWAY}")


def test_one_name_in_two_kinds_or_namespaces_is_no_clash() -> None:
    other = GATEWAY.replace("namespace: default", "namespace: other")
    service = HEAD.format("VirtualService").replace(
        "name: x, namespace: d", "name: gw, namespace: default"
    )
    assert len(parse(f"{GATEWAY}---\n{other}---\n{service}")) == 3


REFUSED: list[tuple[Any, ...]] = [
    ("no YAML", "a: {b", "f.yaml:1: this is no YAML: did not find expected"),
    ("no mapping", "- a", "f.yaml:1: a document must be a mapping, this is a list"),
    ("text", "just words", "a document must be a mapping, this is a str"),
    ("no kind", "metadata: {name: a}", "f.yaml:1: this document has no kind"),
    ("no name", GATEWAY.replace("  name: gw\n", ""), "f.yaml:1: this Gateway has no metadata.name"),
    ("no metadata", HEAD.format("Gateway").rpartition("metadata")[0], "has no metadata.name"),
    (
        "unknown kind",
        GATEWAY.replace("Gateway", "Gatewy"),
        "unknown kind 'Gatewy'; known are Gateway, VirtualService, ServiceEntry, "
        "DestinationRule, EnvoyFilter, WasmPlugin, TrafficExtension, Secret. "
        "Hint: did you mean Gateway?",
    ),
    (
        "kubernetes kind",
        GATEWAY.replace("Gateway", "Deployment"),
        "unknown kind 'Deployment'; known are",
    ),
    (
        "apiVersion",
        GATEWAY.replace("v1alpha3", "v2"),
        "Gateway has the apiVersion 'networking.istio.io/v2'; "
        "known are networking.istio.io/v1alpha3",
    ),
    (
        "apiVersion of EnvoyFilter",
        HEAD.format("EnvoyFilter").replace("v1alpha3", "v1"),
        "known are networking.istio.io/v1alpha3",
    ),
    (
        "spec field",
        GATEWAY.replace("servers:", "serverz:"),
        "f.yaml:7: Gateway gw: spec.serverz: unknown field `serverz`; "
        "known are selector, servers (did you mean `servers`?)",
    ),
    (
        "deep field",
        GATEWAY.replace("hosts:", "host:"),
        "f.yaml:9: Gateway gw: spec.servers[0].host: unknown field `host`",
    ),
    (
        "top-level field",
        GATEWAY.replace("spec:", "specs:"),
        "unknown field `specs`; known are apiVersion, kind, metadata, spec, status",
    ),
    (
        "metadata field",
        GATEWAY.replace("  name: gw", "  name: gw\n  nam: x"),
        "metadata.nam: unknown field `nam`",
    ),
    (
        "a number for text",
        GATEWAY.replace('["*"]', "[1]"),
        "spec.servers[0].hosts[0]: expected text, got 1; quote it",
    ),
    (
        "text for a number",
        GATEWAY.replace("80", '"80"'),
        "f.yaml:8: Gateway gw: spec.servers[0].port.number: expected a whole number",
    ),
    (
        "a number that 32 bits do not hold",
        GATEWAY.replace("80", "4294967296"),
        "expected a whole number from 0 to 4294967295, got 4294967296",
    ),
    (
        "a boolean for a number",
        HEAD.format("VirtualService") + "spec: {http: [{mirrorPercentage: {value: y}}]}",
        "expected a number, got True",
    ),
    (
        "a boolean label",
        GATEWAY.replace("  name: gw", "  name: gw\n  labels: {a: y}"),
        "f.yaml:5: Gateway gw: metadata.labels.a: expected text, got True",
    ),
    ("a text for a list", GATEWAY.replace('["*"]', '"*"'), "expected a list, got '*'"),
    (
        "a list for a mapping",
        GATEWAY.replace("{number: 80, name: http, protocol: HTTP}", "[80]"),
        "expected a mapping, got a list",
    ),
    (
        "protocol",
        GATEWAY.replace("HTTP}", "HTPT}"),
        "unknown value 'HTPT'; known are HTTP, HTTP2, GRPC, GRPC-WEB, HTTPS",
    ),
    (
        "name",
        GATEWAY.replace("name: gw", "name: Gw"),
        "metadata.name 'Gw' is no name for Kubernetes",
    ),
    (
        "time",
        GATEWAY.replace("  name: gw", "  name: gw\n  creationTimestamp: yesterday"),
        "creationTimestamp 'yesterday' is no time",
    ),
    (
        "duration",
        HEAD.format("VirtualService") + "spec: {http: [{timeout: 5}]}",
        "expected a duration such as 1.5s, got 5",
    ),
    (
        "applyTo",
        HEAD.format("EnvoyFilter") + "spec: {configPatches: [{applyTo: HTTP_FILTERS}]}",
        "unknown value 'HTTP_FILTERS'; known are LISTENER, FILTER_CHAIN",
    ),
    (
        "applyTo in lower case",
        HEAD.format("EnvoyFilter") + "spec: {configPatches: [{applyTo: http_filter}]}",
        "unknown value 'http_filter'",
    ),
    (
        "operation",
        HEAD.format("EnvoyFilter") + "spec: {configPatches: [{patch: {operation: INSERT}}]}",
        "known are MERGE, ADD, REMOVE, INSERT_BEFORE, INSERT_AFTER, INSERT_FIRST, "
        "REPLACE, MERGE_AND_REPLACE_LIST (did you mean `INSERT_",
    ),
    (
        "context",
        HEAD.format("EnvoyFilter") + "spec: {configPatches: [{match: {context: GATEWAYS}}]}",
        "known are ANY, SIDECAR_INBOUND, SIDECAR_OUTBOUND, "
        "GATEWAY, WAYPOINT (did you mean `GATEWAY`?)",
    ),
]


@pytest.mark.parametrize(("text", "words"), **named(REFUSED))
def test_a_wrong_document_is_refused_at_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidDocument) as error:
        parse(text, source="f.yaml")
    assert words in str(error.value)
    assert not isinstance(error.value, NotBuilt)


UNBUILT: list[tuple[Any, ...]] = [
    ("TLS by cluster name", "Gateway", {"servers": [{"tls": {"mode": "AUTO_PASSTHROUGH"}}]}),
    ("mutual TLS of Istio", "Gateway", {"servers": [{"tls": {"mode": "ISTIO_MUTUAL"}}]}),
    ("UDP", "Gateway", {"servers": [{"port": {"protocol": "UDP"}}]}),
    ("udp", "Gateway", {"servers": [{"port": {"protocol": "udp"}}]}),
    ("two credentials", "Gateway", {"servers": [{"tls": {"credentialNames": ["a", "b"]}}]}),
    ("external SDS", "Gateway", {"servers": [{"tls": {"credentialName": "sds://a"}}]}),
    ("DNS per request", "ServiceEntry", {"resolution": "DYNAMIC_DNS"}),
    (
        "locality",
        "DestinationRule",
        {"trafficPolicy": {"loadBalancer": {"localityLbSetting": {"enabled": True}}}},
    ),
    ("a prefix in a redirect", "VirtualService", {"http": [{"redirect": {"prefixRewrite": "/"}}]}),
    (
        "zones",
        "DestinationRule",
        {"trafficPolicy": {"loadBalancer": {"zoneAwareLbSetting": {"enabled": True}}}},
    ),
    (
        "codes of errors",
        "DestinationRule",
        {"trafficPolicy": {"outlierDetection": {"outlierDetectionHttpErrorCodes": ["500"]}}},
    ),
    ("workloadSelector", "ServiceEntry", {"workloadSelector": {"labels": {"a": "b"}}}),
    ("addresses", "ServiceEntry", {"addresses": ["10.0.0.1"]}),
]


@pytest.mark.parametrize(("kind", "spec"), **named(UNBUILT))
def test_what_istio_knows_and_is_not_built_is_refused_by_name(kind: str, spec: Any) -> None:
    with pytest.raises(NotBuilt, match=r"f.yaml:4: .*known to Istio but not built yet"):
        parse(HEAD.format(kind) + f"spec: {json.dumps(spec)}", source="f.yaml")


@pytest.mark.parametrize("kind", kinds.NOT_BUILT)
def test_a_kind_that_is_not_built_is_refused_by_name(kind: str) -> None:
    with pytest.raises(NotBuilt, match=f"{kind} is known to Istio but not built yet"):
        parse(HEAD.format(kind))


def test_an_unset_field_that_is_not_built_is_no_error() -> None:
    parse(HEAD.format("ServiceEntry") + "spec: {addresses: [], workloadSelector: null}")
