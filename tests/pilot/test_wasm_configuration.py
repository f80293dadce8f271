"""What istiod serves on ECDS for a plugin, release by release."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from clusters.pilot.documents import Document, parse
from clusters.pilot.protos import ECDS, pack
from tests.pilot.building import RELEASES, document, gateway, pushed

URL = "oci://registry.example/x:1"
DOCKER = '{"auths": {"registry.example": {"auth": "dTpw"}}}'
DOCKER_TYPE = "kubernetes.io/dockerconfigjson"
SECRET = "ISTIO_META_WASM_IMAGE_PULL_SECRET"


def plugin(name: str = "mine", **rest: Any) -> Document:
    metadata: dict[str, Any] = {"namespace": "istio-system"}
    for key in ("namespace", "creationTimestamp"):
        if key in rest:
            metadata[key] = rest.pop(key)
    version = "extensions.istio.io/v1alpha1"
    return document("WasmPlugin", name, {"url": URL} | rest, api_version=version, **metadata)


def secret(
    content: dict[str, Any], *, name: str = "pull", namespace: str = "istio-system"
) -> Document:
    whole = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
    }
    (made,) = parse(json.dumps(whole | content), source="secret.yaml")
    return made


def served(*documents: Document, release: str = "1.31") -> dict[str, Any]:
    """The one extension configuration, which Envoy's protobuf takes as it is."""
    (made,) = pushed(gateway(), *documents, release=release).extensions
    pack(made, ECDS)
    return made


def config(*documents: Document, release: str = "1.31") -> dict[str, Any]:
    found: dict[str, Any] = served(*documents, release=release)["typed_config"]["config"]
    return found


def environment(one: Document, *others: Document, release: str = "1.31") -> dict[str, str]:
    vm = config(one, *others, release=release)["vm_config"]
    pairs: dict[str, str] = vm.get("environment_variables", {}).get("key_values", {})
    return pairs


NAMES = {
    "1.12": ("istio-system.mine", "istio-system.mine"),
    "1.20": ("istio-system.mine", "istio-system.mine"),
    "1.21": ("extenstions.istio.io/wasmplugin/istio-system.mine", "istio-system.mine"),
    "1.25": ("extenstions.istio.io/wasmplugin/istio-system.mine", "istio-system.mine"),
    "1.26": ("extensions.istio.io/wasmplugin/istio-system.mine", "istio-system.mine"),
    "1.29": ("extensions.istio.io/wasmplugin/istio-system.mine", "istio-system.mine"),
    "1.30": (
        "extensions.istio.io/trafficextension/istio-system.mine~istio-translated-wasmplugin",
        "istio-system.mine~istio-translated-wasmplugin",
    ),
}


@pytest.mark.parametrize("release", NAMES)
def test_a_plugin_is_named_as_the_release_names_it(release: str) -> None:
    made = served(plugin(), release=release)

    assert (made["name"], made["typed_config"]["config"]["name"]) == NAMES[release]


def test_an_extension_of_its_own_kind_has_no_suffix() -> None:
    one = document(
        "TrafficExtension",
        "mine",
        {"wasm": {"url": URL, "pluginConfig": {"a": "b"}}},
        namespace="istio-system",
        api_version="extensions.istio.io/v1alpha1",
    )
    made = served(one)

    assert made["name"] == "extensions.istio.io/trafficextension/istio-system.mine"
    assert made["typed_config"]["config"]["configuration"]["value"] == '{"a":"b"}'


ADDRESSES = {
    "registry.example/x:1": "oci://registry.example/x:1",
    "oci://registry.example/x:1": "oci://registry.example/x:1",
    "HTTPS://registry.example/X": "https://registry.example/X",
    "http://files.example/x.wasm?a=b": "http://files.example/x.wasm?a=b",
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_a_module_from_elsewhere_is_left_to_the_agent(url: str) -> None:
    vm = config(plugin(url=url, sha256="0" * 64))["vm_config"]

    http_uri = {"uri": ADDRESSES[url], "timeout": "30s", "cluster": "_"}
    assert vm["code"] == {"remote": {"http_uri": http_uri, "sha256": "0" * 64}}
    assert vm["runtime"] == "envoy.wasm.runtime.v8"


def test_a_file_is_the_proxys_own() -> None:
    vm = config(plugin(url="file:///etc/x.wasm"))["vm_config"]

    assert vm["code"] == {"local": {"filename": "/etc/x.wasm"}}


def test_no_checksum_is_no_field() -> None:
    assert "sha256" not in config(plugin())["vm_config"]["code"]["remote"]


CONFIGURATIONS: list[tuple[Any, str]] = [
    ({"b": 1, "a": 2.5}, '{"a":2.5,"b":1}'),
    ({"list": [1.0, True, None, "é"]}, '{"list":[1,true,null,"é"]}'),
    ({"big": 12345678901234567}, '{"big":12345678901234568}'),
    ({"markup": "<a>&\u2028"}, '{"markup":"\\u003ca\\u003e\\u0026\\u2028"}'),
    (
        {"n": [1e-7, 0.00001, 1e21, 1e20, -2.5e-10]},
        '{"n":[1e-7,0.00001,1e+21,100000000000000000000,-2.5e-10]}',
    ),
    ({"zero": [0, 100, 1e16]}, '{"zero":[0,100,10000000000000000]}'),
    ({"inner": {"z": {}, "y": []}}, '{"inner":{"y":[],"z":{}}}'),
]


@pytest.mark.parametrize(("value", "text"), CONFIGURATIONS)
def test_the_configuration_reaches_the_module_as_json(value: Any, text: str) -> None:
    assert config(plugin(pluginConfig=value))["configuration"] == {
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": text,
    }


@pytest.mark.parametrize("value", [{}, None])
def test_no_configuration_is_an_empty_one(value: Any) -> None:
    assert config(plugin(pluginConfig=value))["configuration"] == {}


def test_the_name_of_a_plugin_is_its_root() -> None:
    assert config(plugin(pluginName="root"))["root_id"] == "root"
    assert "root_id" not in config(plugin())


STRATEGIES: list[tuple[str, str, dict[str, Any]]] = [
    ("1.18", "FAIL_OPEN", {}),
    ("1.19", "FAIL_OPEN", {"fail_open": True}),
    ("1.19", "FAIL_CLOSE", {}),
    ("1.24", "FAIL_OPEN", {"fail_open": True}),
    ("1.25", "FAIL_OPEN", {"failure_policy": "FAIL_OPEN"}),
    ("1.25", "FAIL_CLOSE", {"failure_policy": "FAIL_CLOSED"}),
    ("1.27", "FAIL_RELOAD", {"failure_policy": "FAIL_RELOAD"}),
]


@pytest.mark.parametrize(("release", "strategy", "sent"), STRATEGIES)
def test_a_strategy_is_sent_as_the_release_sends_it(
    release: str, strategy: str, sent: dict[str, Any]
) -> None:
    made = config(plugin(failStrategy=strategy), release=release)

    assert {key: made[key] for key in ("fail_open", "failure_policy") if key in made} == sent


def test_no_strategy_fails_closed() -> None:
    assert config(plugin())["failure_policy"] == "FAIL_CLOSED"
    assert "fail_open" not in config(plugin(), release="1.24")


def test_the_agent_is_told_the_version_and_the_policy() -> None:
    one = replace(plugin(imagePullPolicy="Always"), resource_version="7")

    assert environment(one, release="1.13") == {}
    assert environment(one) == {
        "ISTIO_META_WASM_IMAGE_PULL_POLICY": "Always",
        "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": "7",
    }
    assert list(environment(plugin(imagePullPolicy="UNSPECIFIED_POLICY"))) == [
        "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"
    ]


def test_variables_of_ones_own_come_with_a_value_or_from_the_host() -> None:
    env = [{"name": "A", "value": "b"}, {"name": "HOME", "valueFrom": "HOST"}]
    vm = config(plugin(vmConfig={"env": env}))["vm_config"]["environment_variables"]

    assert vm["key_values"]["A"] == "b"
    assert vm["host_env_keys"] == ["HOME"]
    assert environment(plugin(vmConfig={"env": env}), release="1.13") == {}


@pytest.mark.parametrize("kept", ["stringData", "data"])
def test_a_pull_secret_is_handed_on(kept: str) -> None:
    text = DOCKER if kept == "stringData" else base64.b64encode(DOCKER.encode()).decode()
    found = secret({"type": DOCKER_TYPE, kept: {".dockerconfigjson": text}})

    for name in ("pull", "kubernetes://pull", "kubernetes://other/pull"):
        assert environment(plugin(imagePullSecret=name), found)[SECRET] == DOCKER
    assert SECRET not in environment(plugin(imagePullSecret="pull"), found, release="1.13")
    assert SECRET not in environment(plugin(), found)


MISSING = {
    "none": [],
    "another name": [
        secret({"type": DOCKER_TYPE, "stringData": {".dockerconfigjson": DOCKER}}, name="x")
    ],
    "another namespace": [
        secret(
            {"type": DOCKER_TYPE, "stringData": {".dockerconfigjson": DOCKER}}, namespace="default"
        )
    ],
    "another type": [secret({"type": "Opaque", "stringData": {".dockerconfigjson": DOCKER}})],
}


@pytest.mark.parametrize("case", MISSING)
def test_a_pull_secret_that_is_not_there_is_sent_empty_and_told(case: str) -> None:
    one = plugin(imagePullSecret="pull")

    assert environment(one, *MISSING[case])[SECRET] == ""
    (outcome,) = pushed(gateway(), one, *MISSING[case]).outcomes
    assert not outcome.effective
    text = f"there is no Secret istio-system/pull of type {DOCKER_TYPE}"
    assert text in outcome.sentence


def test_a_plugin_for_connections_is_a_network_filter() -> None:
    made = served(plugin(type="NETWORK"))

    assert made["typed_config"]["@type"].endswith("envoy.extensions.filters.network.wasm.v3.Wasm")


@pytest.mark.parametrize("release", RELEASES[3:])
def test_what_every_release_serves_is_what_envoy_reads(release: str) -> None:
    env = [{"name": "A", "value": "b"}, {"name": "H", "valueFrom": "HOST"}]
    one = plugin(failStrategy="FAIL_OPEN", vmConfig={"env": env}, pluginConfig={"a": 1})

    assert served(one, release=release)["name"].rpartition("/")[2].startswith("istio-system.mine")
