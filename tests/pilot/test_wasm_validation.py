"""WasmPlugins and TrafficExtensions are refused in the words of the API server and the webhook."""

from typing import Any

import pytest

from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import Document, InvalidDocument
from clusters.pilot.validation import validate
from clusters.release import find
from tests.pilot.building import RELEASES, document, named

URL = "oci://registry.example/x:1"
OUT = "out of range: "


def plugin(**spec: Any) -> Document:
    return made("WasmPlugin", {"url": URL} | spec)


def extension(**spec: Any) -> Document:
    return made("TrafficExtension", spec)


def made(kind: str, spec: dict[str, Any]) -> Document:
    version = "extensions.istio.io/v1alpha1"
    return document(kind, "mine", spec, namespace="istio-system", api_version=version)


def errors(one: Document, release: str = "1.31") -> list[str]:
    try:
        validate(one, Behaviours.of(find(release)))
    except InvalidDocument as refusal:
        return [line.removeprefix("\t* ") for line in str(refusal).splitlines()[1:]]
    return []


def warnings(one: Document, release: str = "1.31") -> list[str]:
    return list(validate(one, Behaviours.of(find(release))))


REFUSED: list[tuple[Any, ...]] = [
    ("no url", plugin(url=""), "url field needs to be set"),
    ("scheme", plugin(url="ftp://x/y"), "url contains unsupported scheme: ftp"),
    (
        "a host as scheme",
        plugin(url="localhost:5000/x"),
        "url contains unsupported scheme: localhost",
    ),
    (
        "a name as scheme",
        plugin(url="r.example:5000/x:1"),
        "url contains unsupported scheme: r.example",
    ),
    (
        "no url at all",
        plugin(url="a b"),
        'failed to parse url: parse "a b": invalid URI for request',
    ),
    (
        "escape",
        plugin(url="http://a%zz/"),
        'failed to parse url: parse "http://a%zz/": invalid URL escape "%zz"',
    ),
    ("short digest", plugin(sha256="ab"), "sha256 field must be 64 characters long"),
    ("capital digest", plugin(sha256="A" * 64), "sha256 field must match [a-f0-9]{64} pattern"),
    (
        "long secret",
        plugin(imagePullSecret="s" * 254),
        "imagePullSecret field must be less than 253 characters long",
    ),
    (
        "long name",
        plugin(pluginName="n" * 257),
        "pluginName field must be less than 255 characters long",
    ),
    (
        "long name of an extension",
        extension(wasm={"url": URL, "pluginName": "n" * 257}),
        "pluginName field must be less than 256 characters long",
    ),
    ("nameless variable", plugin(vmConfig={"env": [{"value": "x"}]}), "spec.vmConfig.env invalid"),
    (
        "long variable",
        plugin(vmConfig={"env": [{"name": "n" * 257}]}),
        "env.name field must be less than 255 characters long",
    ),
    ("variable twice", plugin(vmConfig={"env": [{"name": "a"}, {"name": "a"}]}), "duplicate env"),
    (
        "value of the host",
        plugin(vmConfig={"env": [{"name": "a", "value": "b", "valueFrom": "HOST"}]}),
        "value may only be set when valueFrom is INLINE",
    ),
    ("port 0", plugin(match=[{}, {"ports": [{"number": 0}]}]), f"spec.Match[1].Ports[0] is {OUT}0"),
    (
        "port too high",
        plugin(match=[{"ports": [{"number": 80}, {"number": 65536}]}]),
        f"spec.Match[0].Ports[1] is {OUT}65536",
    ),
    (
        "wildcard",
        plugin(selector={"matchLabels": {"a": "*"}}),
        'wildcard is not supported in selector: "a=*"',
    ),
    ("nothing to run", extension(phase="AUTHN"), "exactly one of wasm or lua must be set"),
    (
        "two to run",
        extension(wasm={"url": URL}, lua={"inlineCode": "x"}),
        "exactly one of wasm or lua must be set",
    ),
    ("empty Lua", extension(lua={}), "lua.inlineCode cannot be empty"),
    (
        "long Lua",
        extension(lua={"inlineCode": "é" * 32769}),
        "lua.inlineCode exceeds maximum size of 64KB",
    ),
    (
        "target without name",
        plugin(targetRefs=[{"kind": "Gateway", "group": "gateway.networking.k8s.io"}]),
        "targetRef name must be set",
    ),
    (
        "target elsewhere",
        plugin(targetRefs=[{"kind": "Service", "name": "x", "namespace": "y"}]),
        "targetRef namespace must not be set; cross namespace referencing is not supported",
    ),
]


@pytest.mark.parametrize(("one", "text"), **named(REFUSED))
def test_a_wrong_plugin_is_refused_with_the_webhooks_text(one: Document, text: str) -> None:
    assert errors(one) == [text]


ACCEPTED = [
    "registry.example/x:1",
    "/path/only",
    "HTTPS://registry.example/x",
    "file:///etc/x.wasm",
    "http://user@host:80/x",
    "oci://registry.example:5000/x@sha256:0",
    "http://[::1]:8080/x",
]


@pytest.mark.parametrize("url", ACCEPTED)
def test_an_address_that_go_reads_is_taken(url: str) -> None:
    assert errors(plugin(url=url)) == []


def test_what_may_be_set_to_its_limits_is_taken() -> None:
    env = [{"name": "n" * 256, "value": "x"}, {"name": "h", "valueFrom": "HOST"}]
    spec = {"sha256": "0" * 64, "pluginName": "n" * 256, "vmConfig": {"env": env}}
    assert errors(plugin(**spec, match=[{"ports": [{"number": 65535}]}])) == []
    assert errors(extension(lua={"inlineCode": "é" * 32768})) == []


@pytest.mark.parametrize(
    ("one", "since"), [(plugin(), "1.12"), (extension(wasm={"url": URL}), "1.30")]
)
def test_a_kind_is_unknown_before_its_release(one: Document, since: str) -> None:
    refused = [release for release in RELEASES if errors(one, release)]

    assert refused == list(RELEASES[: RELEASES.index(since)])
    text = f'no matches for kind "{one.kind}" in version "extensions.istio.io/v1alpha1"'
    assert errors(one, "1.9") == [text]


FIELDS: list[tuple[str, dict[str, Any], str]] = [
    ("vmConfig", {"vmConfig": {"env": []}}, "1.14"),
    ("match", {"match": [{"ports": [{"number": 0}]}]}, "1.16"),
    ("failStrategy", {"failStrategy": "FAIL_OPEN"}, "1.19"),
    ("type", {"type": "NETWORK"}, "1.20"),
    ("targetRefs", {"targetRefs": [{"kind": "Nothing", "name": "x"}]}, "1.22"),
]


@pytest.mark.parametrize(("field", "spec", "since"), FIELDS)
def test_a_field_is_warned_about_and_not_read_before_its_release(
    field: str, spec: dict[str, Any], since: str
) -> None:
    one = plugin(**spec)
    before = RELEASES[RELEASES.index("1.12") : RELEASES.index(since)]

    for release in before:
        assert warnings(one, release) == [f'unknown field "spec.{field}"']
    if not errors(one, since):
        assert warnings(one, since) == []


def test_a_strategy_is_unknown_before_its_release() -> None:
    one = plugin(failStrategy="FAIL_RELOAD")

    assert errors(one, "1.26") == [
        'spec.failStrategy: Unsupported value: "FAIL_RELOAD": '
        'supported values: "FAIL_CLOSE", "FAIL_OPEN"'
    ]
    assert errors(one, "1.27") == []


def test_a_plugin_is_attached_in_one_way_only() -> None:
    gateway = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "x"}
    one = plugin(selector={"matchLabels": {"a": "b"}}, targetRefs=[gateway])

    assert errors(one) == ["only one of targetRefs or workloadSelector can be set"]
    assert errors(one, "1.21") == [], "the field is not there yet"
    assert errors(plugin(targetRefs=[gateway])) == []


def test_a_target_of_another_kind_is_refused_with_those_that_may_be() -> None:
    target = {"group": "gateway.networking.k8s.io", "kind": "GatewayClass", "name": "x"}

    [error] = errors(plugin(targetRefs=[target]), "1.24")

    assert error.endswith("v1beta1/Gateway] but was gateway.networking.k8s.io/GatewayClass")
    assert errors(plugin(targetRefs=[target]), "1.31") == []


def test_a_selector_without_labels_is_warned_about() -> None:
    assert warnings(plugin(selector={})) == ["workload selector specified without labels"]
    assert warnings(plugin()) == []


SECRETS: list[tuple[Any, ...]] = [
    ("no base64", {"data": {"x": "%"}}, "data[x]: illegal base64 data"),
    (
        "no configuration",
        {"type": "kubernetes.io/dockerconfigjson"},
        "data[.dockerconfigjson]: Required value",
    ),
    (
        "no JSON",
        {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "hush"}},
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": no JSON',
    ),
    ("anything else", {"type": "Opaque", "data": {"x": "aHVzaA=="}}, None),
]


@pytest.mark.parametrize(("content", "text"), **named(SECRETS))
def test_a_wrong_secret_is_refused_without_a_word_of_it(
    content: dict[str, Any], text: str | None
) -> None:
    from tests.pilot.test_wasm_configuration import secret

    one = secret(content)

    assert errors(one) == ([text] if text else [])
    assert "hush" not in "".join(errors(one))
