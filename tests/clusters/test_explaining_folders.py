"""What `explain` makes of real folders: what it leaves out, and what it cannot tell for that."""

import json

import pytest

from tests.clusters.explained import asked, document


@pytest.fixture
def explain(tmp_path):
    """Explain one text."""

    def run(text, *options):
        file = tmp_path / "filter.yaml"
        file.write_text(text)
        return asked(file, *options)

    return run


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
        return asked(tmp_path, *options)

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
