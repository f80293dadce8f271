"""The apply module against our own API server."""

import subprocess
import sys

import pytest

from clusters import apply
from clusters.local import apiserver
from clusters.local.apiserver import admission
from clusters.ownership import FIELD_MANAGER, RUN_LABEL
from clusters.pilot.behaviours import Behaviours

VERSION = "networking.istio.io/v1alpha3"
KINDS = [(VERSION, "EnvoyFilter"), ("v1", "ConfigMap")]


def envoy_filter(name="a", labels=None, **spec):
    metadata = {"name": name, "namespace": "istio-system"} | ({"labels": labels} if labels else {})
    return {"apiVersion": VERSION, "kind": "EnvoyFilter", "metadata": metadata, "spec": spec}


def config_map(name="c"):
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}}


@pytest.fixture
def api():
    with apiserver.serving(admission.of(Behaviours("1.24.0"))) as served:
        yield served


@pytest.fixture
def connect(api, tmp_path):
    opened = []

    def connected(**options):
        opened.append(apply.connect(api.kubeconfig(tmp_path / "kubeconfig"), **options))
        return opened[-1]

    yield connected
    for one in opened:
        one.close()


@pytest.fixture
def kube(connect):
    return connect(run="run-1")


def changed_by(kube, manager, document):
    resource = kube._client.resources.get(api_version=document["apiVersion"], kind=document["kind"])
    resource.server_side_apply(body=document, field_manager=manager, force_conflicts=True)


def test_what_is_applied_carries_the_run_and_the_manager(kube):
    stored = kube.apply(envoy_filter(labels={"mine": "x"}, priority=3))

    assert stored["spec"] == {"priority": 3}
    assert stored["metadata"]["labels"] == {"mine": "x", RUN_LABEL: "run-1"}
    assert [one["manager"] for one in stored["metadata"]["managedFields"]] == [FIELD_MANAGER]
    assert kube.stored(envoy_filter()) == stored


def test_a_document_is_not_altered_by_being_applied(kube):
    document = envoy_filter(labels={"mine": "x"})
    kube.apply(document)

    assert document == envoy_filter(labels={"mine": "x"})


def test_what_is_deleted_is_gone_and_stays_gone(kube):
    kube.apply(envoy_filter())
    kube.delete(envoy_filter())
    kube.delete(envoy_filter())

    assert kube.stored(envoy_filter()) is None


def test_runs_see_their_own_objects_alone(kube, connect):
    kube.apply(envoy_filter("a"))
    kube.apply(config_map())
    other = connect(run="run-2")
    other.apply(envoy_filter("b"))

    assert [apply.named(one) for one in kube.ours(KINDS)] == [
        "EnvoyFilter istio-system/a",
        "ConfigMap default/c",
    ]
    assert [apply.named(one) for one in other.ours(KINDS)] == ["EnvoyFilter istio-system/b"]


def test_objects_of_others_are_not_deleted(kube, connect):
    connect(run="run-2").apply(envoy_filter())
    changed_by(kube, "kubectl", envoy_filter("b"))

    with pytest.raises(apply.NotOurs, match="it belongs to run-2, this run is run-1"):
        kube.delete(envoy_filter())
    with pytest.raises(apply.NotOurs, match="it belongs to somebody else"):
        kube.delete(envoy_filter("b"))
    assert kube.stored(envoy_filter())
    assert kube.stored(envoy_filter("b"))


def test_a_field_that_another_manager_set_on_its_own_object_is_a_conflict(kube):
    changed_by(kube, "team-a", envoy_filter(priority=1))

    with pytest.raises(
        apply.Conflict, match=r'conflict with "team-a" using .*: \.spec\.priority'
    ) as raised:
        kube.apply(envoy_filter(priority=2))

    assert raised.value.managers == ("team-a",)
    assert kube.stored(envoy_filter())["spec"] == {"priority": 1}


def test_a_field_that_another_manager_changed_on_ours_is_taken_back(kube):
    kube.apply(envoy_filter(priority=1))
    changed_by(kube, "team-a", envoy_filter(priority=2))

    assert kube.apply(envoy_filter(priority=1))["spec"] == {"priority": 1}


def test_a_refusal_of_the_webhook_is_told_in_its_words(kube):
    with pytest.raises(apply.Refused) as raised:
        kube.apply(envoy_filter(configPatches=[{"applyTo": "HTTP_FILTER"}]))

    assert raised.value.code == 400
    assert raised.value.words == (
        'admission webhook "validation.istio.io" denied the request: configuration is invalid: '
        "1 error occurred:\n\t* Envoy filter: missing patch\n\n"
    )
    assert str(raised.value).startswith("applying EnvoyFilter istio-system/a was refused (400): ")


def test_warnings_are_kept(kube):
    kube.apply(envoy_filter())

    assert len(kube.warnings) == 1
    assert kube.warnings[0].startswith("EnvoyFilter exposes internal implementation details")


def test_an_unknown_kind_is_named(kube):
    with pytest.raises(apply.UnknownKind, match=f"knows no kind Foo in {VERSION}"):
        kube.apply(envoy_filter() | {"kind": "Foo"})


def test_a_release_without_a_kind_does_not_serve_it(tmp_path):
    from clusters.local.apiserver import resources

    with apiserver.serving(kinds=resources.istio(Behaviours("1.24.0"))) as old:
        kube = apply.connect(old.kubeconfig(tmp_path / "kubeconfig"))
        extension = {"apiVersion": "extensions.istio.io/v1alpha1", "kind": "TrafficExtension"}
        with pytest.raises(apply.UnknownKind):
            kube.apply(envoy_filter() | extension)
        assert kube.apply(envoy_filter() | extension | {"kind": "WasmPlugin"})
        kube.close()


def test_an_object_that_stays_after_deletion_is_told(kube, api, monkeypatch):
    kube.apply(envoy_filter())
    monkeypatch.setattr(api._api.store, "change", lambda key, change: None)

    with pytest.raises(apply.NotRemoved, match="is still there after it was deleted"):
        kube.delete(envoy_filter())


def test_an_api_that_is_gone_is_named_with_a_hint(tmp_path):
    with apiserver.serving() as api:
        kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
        kube = apply.connect(kubeconfig)
    for ask in (lambda: kube.apply(envoy_filter()), lambda: apply.connect(kubeconfig)):
        with pytest.raises(apply.Unreachable, match=f"Hint: curl -sS {api.url}/version"):
            ask()
    kube.close()


@pytest.mark.parametrize("text", ["", "{}", "[]", "a: [", "current-context: x\ncontexts: []"])
def test_a_kubeconfig_that_is_none_is_refused(tmp_path, text):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(text)

    with pytest.raises(apply.BadKubeconfig, match=r"cannot be used: .*\nHint: kubectl"):
        apply.connect(kubeconfig)


def test_an_unknown_context_and_a_missing_file_are_refused(api, tmp_path):
    with pytest.raises(apply.BadKubeconfig, match="other"):
        apply.connect(api.kubeconfig(tmp_path / "kubeconfig"), context="other")
    with pytest.raises(apply.BadKubeconfig, match="missing"):
        apply.connect(tmp_path / "missing")


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch, connect):
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert connect().apply(envoy_filter())


def test_a_start_of_pytest_does_not_import_the_client():
    code = (
        "import sys; from clusters import apply, plugin; from clusters.local import apiserver; "
        "sys.exit(any(one.split('.')[0] == 'kubernetes' for one in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
