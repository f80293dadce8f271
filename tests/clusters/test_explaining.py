"""`python -m clusters explain`: the no-ops that people reported, each told with its cause."""

import json
import os
import resource
import subprocess
import sys

import pytest

from tests.clusters.explained import MANAGER, asked, document


@pytest.fixture
def explain(tmp_path):
    """Explain one text."""

    def run(text, *options):
        file = tmp_path / "filter.yaml"
        file.write_text(text)
        return asked(file, *options)

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
        {"sub": ", subFilter: {name: envoy.filters.http.ratelimit}"},
        *(None, "1.31", "no HTTP filter `envoy.filters.http.ratelimit` in listener"),
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
    # https://github.com/istio/istio/issues/21265
    "an addition beside the router lands behind it": (
        {"operation": "ADD"},
        *(None, "1.31", "behind envoy.filters.http.router in listener 0.0.0.0_8080, and Envoy"),
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


#: What is applied to, matched and merged, and what the explanation must tell: at every release.
REPORTED_ROUTES = {
    # https://github.com/istio/istio/issues/32478
    "the name of a route configuration is that of the service's port": (
        "ROUTE_CONFIGURATION",
        "portNumber: 8080, name: http.80",
        "virtual_hosts: [{name: '*:80', domains: ['*'], cors: {allow_methods: GET}}]",
        "the match wants name `http.80`, route configuration http.8080 has `http.8080`",
    ),
    # https://github.com/istio/istio/issues/32637 and 46459
    "the name of an HTTP port": (
        "HTTP_ROUTE",
        "portName: http",
        "metadata: {filter_metadata: {mine: {on: true}}}",
        "the match wants portName `http`, route configuration http.8080 has none (only those of",
    ),
    # https://github.com/istio/istio/issues/32637
    "the gateway of an HTTP server": (
        "VIRTUAL_HOST",
        "gateway: default/bookinfo-gateway",
        "include_request_attempt_count: true",
        "wants gateway `default/bookinfo-gateway`, route configuration http.8080 has none",
    ),
    # https://github.com/istio/istio/issues/50402
    "a false that is to be merged": (
        "ROUTE_CONFIGURATION",
        "portNumber: 8080",
        "ignore_port_in_host_matching: false",
        "its value changes nothing in route configuration http.8080",
    ),
}


@pytest.mark.parametrize("case", REPORTED_ROUTES)
def test_what_people_found_ignored_on_routes_is_told_with_its_cause(explain, case):
    apply_to, match, value, told = REPORTED_ROUTES[case]
    text = f"""apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: mine, namespace: istio-system}}
spec:
  configPatches:
    - applyTo: {apply_to}
      match: {{context: GATEWAY, routeConfiguration: {{{match}}}}}
      patch: {{operation: MERGE, value: {{{value}}}}}
"""
    said, code = explain(text, "--istio=1.9,1.19,1.31")

    lines = [one for one in said.splitlines() if "configPatches[0]" in one]
    assert (code, len(lines)) == (1, 3), said
    assert all(one.split()[1:3] == ["no", "effect"] and told in one for one in lines), said


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
    "a template by name": (
        document().replace("istio-system", '"{{ .Release.Namespace }}"'),
        *((), "Hint: explain what it renders"),
    ),
    "a kind that Istio does not have": (
        document().replace("EnvoyFilter", "EnvoyFiltre"),
        *((), "did you mean EnvoyFilter?"),
    ),
    "a kind of Istio's under another API": (
        document().replace("networking.istio.io/v1alpha3", "v1"),
        *((), "EnvoyFilter has the apiVersion 'v1'"),
    ),
    "no kind": ("metadata: {name: x}", (), "this document has no kind"),
    "an unknown field": (document() + "  priorty: 1\n", (), "priorty"),
    "an unknown operation": (document(operation="MERGE_ALL"), (), "MERGE_ALL"),
    "a mistake that the API server finds": (
        document() + "  targetRefs: [{kind: Service}]\n",
        ("--istio=1.23",),
        "spec.targetRefs[0].name: Required value",
    ),
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
    said, code = asked(tmp_path / "none.yaml")
    assert code == 2
    assert "none.yaml: no such file or folder" in said
    assert "Hint: ls" in said


def test_fifty_files_are_explained_at_once_imports_included(tmp_path):
    folder = tmp_path / "deploy"
    folder.mkdir()
    for number in range(50):
        (folder / f"{number}.yaml").write_text(document(f"filter-{number}"))
    command = [sys.executable, "-m", "clusters", "explain", str(folder), "--istio=1.9,1.31"]
    # Compiling the modules is the first run's, wherever the environment forbids to keep it.
    kept = {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}

    took = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(command, capture_output=True, text=True, env=os.environ | kept)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 101), ran.stderr
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) < 0.5, took  # of the processor: what others run does not count
