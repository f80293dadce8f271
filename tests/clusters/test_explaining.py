"""`python -m clusters explain`: the no-ops that people reported, each told with its cause."""

import argparse
import json
import os
import resource
import subprocess
import sys

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


FOREIGN = """apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{port: 80}]}
---
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: of-kubernetes}
"""
UNREAD = """apiVersion: v1
kind: List
items:
- apiVersion: security.istio.io/v1
  kind: RequestAuthentication
  metadata: {name: tokens, namespace: istio-system}
- apiVersion: security.istio.io/v1
  kind: AuthorizationPolicy
  metadata: {name: allowed, namespace: istio-system}
"""
GATEWAY = """apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: {name: mine, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 1443, name: a, protocol: HTTP}
      hosts: [a.example]
      defaultEndpoint: 127.0.0.1:80
    - port: {number: 2443, name: b, protocol: HTTP}
      hosts: [b.example]
      defaultEndpoint: 127.0.0.1:80
    - {port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"]}
"""
RULE = """apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: mutual, namespace: default}
spec: {host: reviews, trafficPolicy: {tunnel: {targetHost: x.example, targetPort: 80}}}
"""


@pytest.fixture
def folder(tmp_path):
    """Explain a folder that holds one file that works, and others."""

    def run(others, *options):
        (tmp_path / "filter.yaml").write_text(document())
        for name, text in others.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        parser = argparse.ArgumentParser()
        explaining.add(parser.add_subparsers())
        asked = parser.parse_args(["explain", str(tmp_path), *options])
        return asked.run(asked)

    return run


def test_a_real_folder_is_explained_and_what_is_no_document_of_istio_is_named(folder):
    others = {
        "app.yaml": FOREIGN,
        "empty.yaml": "",
        "README.md": "a: [",
        "values.yaml": "replicas: 1\n",
        "steps.yaml": "on: {push: *nobody}\n",
    }
    text, code = folder(others)

    assert code == 0, text
    assert text.startswith("1.31  effective  EnvoyFilter istio-system/mine")
    left_out = [one for one in text.splitlines() if one.startswith("not looked at: ")]
    assert len(left_out) == 5
    assert left_out[0].startswith("not looked at: Service reviews (")
    assert "because v1 is not among the APIs that are read here; clusters come of it" in text
    assert "app.yaml:7), because apps/v1" in text
    assert "Istio runs a proxy of its own for it" in text
    assert "steps.yaml, because line 1 is no YAML" in text
    assert "values.yaml:1, because it is no object of Kubernetes" in text
    assert "README" not in text


def test_what_is_not_built_is_left_out_and_the_rest_of_its_folder_explained(folder):
    text, code = folder({"policy.yaml": UNREAD, "rule.yaml": RULE, "gateway.yaml": GATEWAY})

    assert code == 0, text
    assert "in listener 0.0.0.0_8080" in text
    assert "not looked at: RequestAuthentication istio-system/tokens (" in text
    assert (
        "policy.yaml:4), because RequestAuthentication is known to Istio but not built yet" in text
    )
    assert "not looked at: spec.trafficPolicy of DestinationRule default/mutual (" in text
    first, second = [one for one in text.splitlines() if "of Gateway istio-system/mine" in one]
    assert "spec.servers[0] of" in first
    assert "because spec.servers[0].defaultEndpoint: known to Istio but not built" in first
    assert "spec.servers[1] of" in second
    assert "because spec.servers[1].defaultEndpoint: known to Istio but not built" in second


def test_a_patch_that_may_match_what_was_not_looked_at_is_left_open(folder, explain):
    theirs = document("theirs", port="portNumber: 1443,")
    text, code = folder({"gateway.yaml": GATEWAY, "theirs.yaml": theirs})

    (line,) = [one for one in text.splitlines() if "istio-system/theirs" in one]
    assert code == 3, text
    assert line.startswith("1.31  cannot tell  ")
    assert "the match names port 1443, listener 0.0.0.0_8080 has 8080" in line
    assert "what was not looked at may have it: spec.servers[0] of Gateway" in line
    assert explain(theirs)[1] == 1

    only = GATEWAY.split("    - {port: {number: 8080")[0]
    text, code = folder({"gateway.yaml": only})
    assert code == 3, text
    assert "no Gateway gives the proxy a listener; what was not looked at may have it: " in text


def test_a_patch_that_fails_for_itself_is_not_excused_by_what_was_not_looked_at(folder):
    for change in ({"context": "SIDECAR_INBOUND"}, {"sub": "", "operation": "REPLACE"}):
        text, code = folder({"gateway.yaml": GATEWAY, "theirs.yaml": document("x", **change)})
        assert code == 1, text
        assert "no effect  EnvoyFilter istio-system/x" in text


UNRENDERED = {
    "a template that is no YAML": ({"t.yaml": "{{- if .Values.on }}\na: 1\n{{- end }}\n"}, "helm"),
    "a template that is YAML": (
        {"t.yaml": document().replace("istio-system", '"{{ .Release.Namespace }}"')},
        "helm template",
    ),
    "a kustomization": ({"kustomization.yaml": "resources: [a.yaml]\n"}, "kubectl kustomize"),
    "a folder": ({"inside/a.yaml": document()}, "name it as well"),
}


@pytest.mark.parametrize("case", UNRENDERED)
def test_what_may_hold_patches_itself_leaves_the_answer_open(folder, case):
    others, told = UNRENDERED[case]
    text, code = folder(others)

    assert code == 3, text
    assert text.startswith("1.31  effective  ")
    (line,) = [one for one in text.splitlines() if one.startswith("not looked at: ")]
    assert told in line
    assert "patches may be among them" in line


def test_json_names_what_was_not_looked_at(folder):
    text, code = folder({"app.yaml": FOREIGN, "theirs.yaml": GATEWAY}, "--format=json")

    (told,) = json.loads(text)
    assert code == 0
    assert told["patches"][0]["status"] == "effective"
    assert [one["what"].split(" (")[0] for one in told["notLookedAt"]] == [
        *("Service reviews", "Deployment reviews", "Gateway of-kubernetes"),
        *(f"spec.servers[{n}] of Gateway istio-system/mine" for n in (0, 1)),
    ]
    changes = json.loads(folder({}, "--format=json", "--upgrade-check=1.29..1.31")[0])
    assert [one["state"] for one in changes] == ["keeps", *["not looked at"] * 5]


def test_rules_that_meet_in_a_way_that_is_not_built_are_set_aside_too(folder):
    rule = """apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {{name: {name}, namespace: default}}
spec: {{host: productpage, exportTo: [{to}]}}
---
"""
    rules = {"r.yaml": rule.format(name="a", to="'*'") + rule.format(name="b", to="'.'")}
    text, code = folder(rules, "--istio=1.19,1.31")

    assert code == 0, text
    (line,) = [one for one in text.splitlines() if one.startswith("not looked at: ")]
    assert "DestinationRule default/b (" in line
    assert " in 1.19, because DestinationRule default/b: the host productpage." in line


def test_documents_without_a_namespace_are_in_the_one_that_is_given(explain):
    bare = document().replace(", namespace: istio-system", "")

    assert "has no metadata.namespace" in explain(bare)[0]
    text, code = explain(bare, "--namespace=istio-system")
    assert code == 0, text


#: A filter that is not generated here, the releases in which a default gateway has it or may have
#: it, those in which it has not, and what is told.
ELSEWHERE = {
    "istio.metadata_exchange": ("1.9,1.31", "", "istiod put it into the gateway of a default"),
    "istio.stats": ("1.9,1.17,1.18", "", "the Telemetry API put it into the gateway of a default"),
    "istio.alpn": ("1.14,1.31", "1.9,1.13", "istiod put it into the gateway of a default"),
    "istio_authn": ("1.9,1.19", "1.20,1.31", "makes it of a RequestAuthentication that selects"),
    "envoy.filters.http.jwt_authn": ("1.9,1.31", "", "makes it of a RequestAuthentication"),
    "envoy.filters.http.rbac": ("1.31", "", "makes it of an AuthorizationPolicy that selects"),
    "envoy.filters.http.ext_authz": ("1.31", "", "AuthorizationPolicy with the action CUSTOM"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_filter_that_an_installation_has_and_this_has_not_is_no_verdict(explain, name):
    there, absent, told = ELSEWHERE[name]
    patch = document(sub=f", subFilter: {{name: {name}}}")

    text, code = explain(patch, f"--istio={there}")
    lines = [one for one in text.splitlines() if "HTTP_FILTER" in one]
    assert code == 3, text
    assert all(one.split()[1:3] == ["cannot", "tell"] for one in lines)
    assert f"no HTTP filter `{name}` in listener 0.0.0.0_8080, which has: " in lines[-1]
    assert told in lines[-1]
    if absent:
        text, code = explain(patch, f"--istio={absent}")
        assert code == 1, text
        assert "default" not in text.split("\n")[0]


# https://github.com/istio/istio/issues/38214 is of someone who found this after an upgrade.
def test_istio_says_itself_which_of_its_filters_come_of_its_own_envoy_filters(explain):
    patch = document(sub=", subFilter: {name: istio.stats}")
    before, after = explain(patch, "--istio=1.17,1.18")[0].splitlines()[:2]

    assert "but EnvoyFilters of Istio's own put it into the gateway of a default" in before
    assert "but istiod and the Telemetry API put it into the gateway of a default" in after


def test_an_upgrade_check_leaves_open_what_cannot_be_told(explain):
    stats = document(sub=", subFilter: {name: istio.stats}")
    text, code = explain(stats, "--upgrade-check=1.29..1.31")
    assert code == 3, text
    assert text.startswith("untold   EnvoyFilter istio-system/mine configPatches[0]")
    assert "cannot be told for 1.29, 1.30, 1.31: no HTTP filter `istio.stats`" in text

    alpn = document(sub=", subFilter: {name: istio.alpn}")
    text, code = explain(alpn, "--upgrade-check=1.12..1.15")
    assert code == 3, text
    assert "does nothing in 1.13 and cannot be told for 1.14: " in text

    authn = document(sub=", subFilter: {name: istio_authn}")
    text, code = explain(authn, "--upgrade-check=1.18..1.21")
    assert code == 3, text
    assert "cannot be told for 1.19 and stops working at 1.20: " in text


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
    parser = argparse.ArgumentParser()
    explaining.add(parser.add_subparsers())
    asked = parser.parse_args(["explain", str(tmp_path / "none.yaml")])

    said, code = asked.run(asked)
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
