"""`python -m clusters explain`: the no-ops that people reported, each told with its cause."""

import argparse
import json
import time

import pytest

from clusters import explaining

FILTER = """apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  workloadSelector: {{labels: {{{labels}}}}}
  configPatches:
    - applyTo: HTTP_FILTER
      match:
        context: {context}
        {proxy}
        listener: {{{port} filterChain: {{filter: {{name: {manager}{sub}}}}}}}
      patch:
        operation: {operation}
        value:
          name: mine
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
            inline_code: "function envoy_on_request(handle) end"
"""
MANAGER = "envoy.filters.network.http_connection_manager"
ROUTER = ", subFilter: {name: envoy.filters.http.router}"


def document(name="mine", **changes):
    parts = {
        "namespace": "istio-system",
        "labels": "istio: ingressgateway",
        "context": "GATEWAY",
        "proxy": "",
        "port": "",
        "manager": MANAGER,
        "sub": ROUTER,
        "operation": "INSERT_BEFORE",
    }
    return FILTER.format(name=name, **{**parts, **changes})


@pytest.fixture
def explain(tmp_path):
    def run(text, *options):
        file = tmp_path / "filter.yaml"
        file.write_text(text)
        parser = argparse.ArgumentParser()
        explaining.add(parser.add_subparsers())
        asked = parser.parse_args(["explain", str(file), *options])
        return asked.run(asked)

    return run


def test_a_patch_that_works_says_where_it_went(explain):
    text, code = explain(document(), "--istio=1.9,1.31")

    old, new, warning = text.splitlines()
    assert code == 0
    assert old.startswith("1.9   effective  EnvoyFilter istio-system/mine configPatches[0]")
    assert new.startswith("1.31  effective  EnvoyFilter istio-system/mine configPatches[0]")
    assert "is HTTP filter " in new
    assert "listener 0.0.0.0_8080" in new
    assert warning.startswith("warning of 1.9, 1.31 (")
    assert "EnvoyFilter exposes internal implementation details" in warning


#: What changes in the document, the last release in which it works (None: never), the first in
#: which it does not, and what the explanation must tell.
REPORTED = {
    # https://github.com/istio-ecosystem/wasm-extensions/issues/72
    "the proxy's version is pinned": (
        {"proxy": 'proxy: {proxyVersion: "^1\\\\.11.*"}'},
        *("1.11", "1.12", r"proxyVersion `^1\.11.*` does not match the proxy's version 1.12."),
    ),
    # https://github.com/istio/istio/pull/45675
    "the manager has its old name": (
        {"manager": "envoy.http_connection_manager"},
        *("1.18", "1.19", f"no longer match; write `{MANAGER}`"),
    ),
    "the filter has its old name": (
        {"sub": ", subFilter: {name: envoy.router}"},
        *("1.18", "1.19", "no longer match; write `envoy.filters.http.router`"),
    ),
    # https://github.com/istio/istio/issues/58586 and those like it
    "the filter is not in the chain": (
        {"sub": ", subFilter: {name: envoy.filters.http.jwt_authn}"},
        *(None, "1.31", "no HTTP filter `envoy.filters.http.jwt_authn` in listener"),
    ),
    "the context is a sidecar's": (
        {"context": "SIDECAR_INBOUND"},
        *(None, "1.31", "write GATEWAY or ANY"),
    ),
    "the namespace is another": (
        {"namespace": "default"},
        *(None, "1.31", "the namespace default is neither the root namespace istio-system"),
    ),
    "the labels are another's": (
        {"labels": "app: productpage"},
        *(None, "1.31", "asks for app=productpage, the proxy has app=istio-ingressgateway"),
    ),
    "the port is the service's": (
        {"port": "portNumber: 80,"},
        *(None, "1.31", "the match names port 80, listener 0.0.0.0_8080 has 8080"),
    ),
    "a replacement names no filter": (
        {"sub": "", "operation": "REPLACE"},
        *(None, "1.31", "REPLACE without a subFilter is ignored; name the HTTP filter"),
    ),
    "an addition lands behind the router": (
        {"sub": "", "operation": "ADD"},
        *(None, "1.31", "stands behind envoy.filters.http.router in listener 0.0.0.0_8080, and"),
    ),
    "a removal names no filter": (
        {"sub": "", "operation": "REMOVE"},
        *("1.18", "1.19", "REMOVE without a subFilter is ignored since Istio 1.19"),
    ),
}


@pytest.mark.parametrize("case", REPORTED)
def test_what_people_found_ignored_without_a_word_is_told_with_its_cause(explain, case):
    changes, works_in, fails_in, told = REPORTED[case]

    text, code = explain(document(**changes), f"--istio={fails_in}")
    assert (code, text.split()[1:3]) == (1, ["no", "effect"]), text
    assert told in text

    if works_in:
        assert explain(document(**changes), f"--istio={works_in}")[1] == 0
        text, code = explain(document(**changes), "--upgrade-check=1.9..1.31")
        assert code == 1
        assert f"works in {works_in} and stops working at {fails_in}: " in text


def test_an_upgrade_check_names_what_keeps_working(explain):
    text, code = explain(document(), "--upgrade-check=1.29..1.31")

    assert code == 0
    assert text.startswith("keeps    EnvoyFilter istio-system/mine configPatches[0] HTTP_FILTER")
    assert "works in 1.29, 1.30, 1.31" in text


def test_what_works_nowhere_is_idle_and_not_broken(explain):
    text, code = explain(document(context="SIDECAR_INBOUND"), "--upgrade-check=1.29..1.31")

    assert code == 1
    assert text.startswith("idle     EnvoyFilter istio-system/mine")
    assert "does nothing in 1.29, 1.30, 1.31: the context SIDECAR_INBOUND never" in text


PLUGIN = """apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: mine, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  url: http://127.0.0.1:1/x.wasm
"""


def test_what_an_old_release_refuses_does_not_keep_anybody_from_upgrading(explain):
    text, code = explain(PLUGIN, "--upgrade-check=1.10..1.13")

    lines = text.splitlines()
    assert code == 0, text
    assert "is refused by 1.11 and begins to work at 1.12" in lines[0]
    assert lines[1].startswith("refused  ")
    assert lines[1].endswith(": refused by 1.10, 1.11")


def test_json_tells_the_same(explain):
    text, code = explain(document(context="SIDECAR_INBOUND"), "--format=json", "--istio=1.9")

    (told,) = json.loads(text)
    assert (code, told["release"], told["refusals"]) == (1, "1.9", [])
    (patch,) = told["patches"]
    assert patch["effective"] is False
    assert (patch["name"], patch["applyTo"], patch["operation"]) == (
        *("mine", "HTTP_FILTER"),
        "INSERT_BEFORE",
    )
    assert patch["sentence"] in explain(document(context="SIDECAR_INBOUND"), "--istio=1.9")[0]


def test_the_labels_of_another_gateway_can_be_given(explain):
    mine = document(labels="app: my-gateway")

    assert explain(mine)[1] == 1
    assert explain(mine, "--gateway-labels=app=my-gateway,istio=ingressgateway")[1] == 0


INVALID = {
    "no YAML": ("a: [", (), "this is no YAML"),
    "an unknown field": (document() + "  priorty: 1\n", (), "priorty"),
    "an unknown operation": (document(operation="MERGE_ALL"), (), "MERGE_ALL"),
    "a mistake that only the webhook finds": (
        document("good") + "---\n" + document(proxy='proxy: {proxyVersion: "^1[.9"}'),
        (),
        "refused    ",
    ),
    "an unknown release": (document(), ("--istio=1.8",), "unknown Istio release '1.8'"),
    "no range": (document(), ("--upgrade-check=1.9",), "is no range"),
    "a range backwards": (document(), ("--upgrade-check=1.31..1.9",), "leads to no later release"),
    "no label": (document(), ("--gateway-labels=app",), "each label is KEY=VALUE"),
}


@pytest.mark.parametrize("case", INVALID)
def test_what_cannot_be_explained_ends_in_one_message_and_code_2(explain, case):
    text, options, told = INVALID[case]

    said, code = explain(text, *options)
    assert code == 2, said
    assert told in said


def test_a_missing_file_is_named(tmp_path):
    parser = argparse.ArgumentParser()
    explaining.add(parser.add_subparsers())
    asked = parser.parse_args(["explain", str(tmp_path / "none.yaml")])

    said, code = asked.run(asked)
    assert code == 2
    assert "none.yaml: no such file or folder" in said
    assert "Hint: ls" in said


def test_fifty_files_are_explained_at_once(tmp_path):
    for number in range(50):
        (tmp_path / f"{number}.yaml").write_text(document(f"filter-{number}"))
    parser = argparse.ArgumentParser()
    explaining.add(parser.add_subparsers())
    asked = parser.parse_args(["explain", str(tmp_path), "--istio=1.9,1.31"])

    began = time.process_time()
    said, code = asked.run(asked)
    assert time.process_time() - began < 0.5
    assert (code, len(said.splitlines())) == (0, 101)
