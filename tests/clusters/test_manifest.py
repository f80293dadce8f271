"""Documents of the user's own: what is read, what is refused, what replaces an address."""

from dataclasses import replace
from pathlib import Path

import pytest

from clusters import manifest, release
from clusters.pilot import documents

RELEASE = release.find("1.31")
PUBLISHED = Path(__file__).parents[2] / "suites" / "delivery" / "published.yaml"
URL = "http://release.solarmesh.cn/wasm/auth.wasm"


def envoy_filter(name="mine", patch="{applyTo: HTTP_FILTER, patch: {operation: REMOVE}}"):
    return (
        "apiVersion: networking.istio.io/v1alpha3\n"
        "kind: EnvoyFilter\n"
        f"metadata: {{name: {name}, namespace: istio-system}}\n"
        f"spec: {{configPatches: [{patch}]}}\n"
    )


PLUGIN = """\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: mine, namespace: istio-system}
spec: {url: "oci://registry.example/filters/mine:1", imagePullSecret: pull, phase: AUTHN}
---
apiVersion: v1
kind: Secret
type: kubernetes.io/dockerconfigjson
metadata: {name: pull, namespace: istio-system}
stringData: {.dockerconfigjson: '{"auths": {}}'}
"""
EXTENSION = """\
apiVersion: extensions.istio.io/v1alpha1
kind: TrafficExtension
metadata: {name: mine, namespace: istio-system}
spec: {wasm: {url: "http://a/1.wasm"}, phase: AUTHN}
"""
LUA = """\
apiVersion: extensions.istio.io/v1alpha1
kind: TrafficExtension
metadata: {name: mine, namespace: istio-system}
spec: {lua: {inlineCode: "-- nothing"}}
"""


def without_source(found):
    return [replace(one, source="") for one in found]


def test_the_published_example_is_read_and_applied_as_it_is():
    found = manifest.read([PUBLISHED], release.find("1.9"))
    again = documents.parse(found.text)

    assert without_source(again) == without_source(documents.read(PUBLISHED))
    assert found.urls == (URL,)


def test_text_that_looks_like_something_else_survives(tmp_path):
    value = '{name: "on", typed_config: {"@type": "0o17", value: "a: b\\n# c\\u0085"}}'
    patch = f"{{applyTo: HTTP_FILTER, patch: {{operation: REMOVE, value: {value}}}}}"
    file = tmp_path / "a.yaml"
    file.write_text(envoy_filter(patch=patch))
    read = documents.read(file)

    again = documents.parse(manifest.Manifest(read).text)

    assert without_source(again) == without_source(read)


def test_what_the_api_server_keeps_of_a_document_is_kept(tmp_path):
    file = tmp_path / "a.yaml"
    metadata = (
        "metadata: {name: mine, namespace: istio-system, labels: {a: b}, annotations: {c: d},"
        " creationTimestamp: '2021-02-09T10:00:00Z'}\n"
    )
    text = envoy_filter().replace("metadata: {name: mine, namespace: istio-system}\n", metadata)
    file.write_text(text)

    [one] = documents.parse(manifest.read([file], RELEASE).text)

    assert (one.labels, one.annotations) == ({"a": "b"}, {"c": "d"})
    assert one.creation_timestamp == "2021-02-09T10:00:00Z"


def test_only_the_address_of_the_module_changes():
    before = manifest.read([PUBLISHED], release.find("1.9"))

    after = before.serving("http://127.0.0.1:1/x.wasm")

    assert after.text == before.text.replace(URL, "http://127.0.0.1:1/x.wasm")
    assert after.text != before.text
    assert before.urls == (URL,), "the manifest itself is not changed"


@pytest.mark.parametrize("spelling", ["http_uri", "httpUri"])
def test_an_address_counts_only_where_code_is_fetched_from(tmp_path, spelling):
    value = (
        "{name: x, vm_config: {code: {remote: {SPELLING: {uri: 'http://a/1.wasm'}}}},"
        " other: {http_uri: {uri: 'http://b/'}}, text: 'http://a/1.wasm'}"
    ).replace("SPELLING", spelling)
    patch = f"{{applyTo: EXTENSION_CONFIG, patch: {{operation: ADD, value: {value}}}}}"
    file = tmp_path / "a.yaml"
    file.write_text(envoy_filter(patch=patch))
    found = manifest.Manifest(documents.read(file))

    moved = found.serving("http://c/2.wasm")

    assert found.urls == ("http://a/1.wasm",)
    assert moved.urls == ("http://c/2.wasm",)
    assert "'http://b/'" not in moved.text
    assert moved.text.count("http://a/1.wasm") == 1, "the same words elsewhere are left alone"


def test_plugins_and_their_secrets_are_read_and_applied_as_they_are(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(PLUGIN)

    found = manifest.read([file], RELEASE)

    assert without_source(documents.parse(found.text)) == without_source(documents.read(file))
    assert [str(one) for one in found.documents] == [
        "WasmPlugin istio-system/mine",
        "Secret istio-system/pull",
    ]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (PLUGIN, ("oci://registry.example/filters/mine:1",)),
        (EXTENSION, ("http://a/1.wasm",)),
        (LUA, ()),
        (PLUGIN.replace("oci://registry.example/filters/mine:1", "file:///mine.wasm"), ()),
    ],
    ids=["WasmPlugin", "TrafficExtension", "Lua", "a file of the proxy's"],
)
def test_only_the_address_of_a_plugins_module_changes(tmp_path, text, urls):
    file = tmp_path / "a.yaml"
    file.write_text(text)
    found = manifest.read([file], RELEASE)

    moved = found.serving("http://127.0.0.1:1/x.wasm")

    assert found.urls == urls
    for url in urls:
        assert moved.text == found.text.replace(url, "http://127.0.0.1:1/x.wasm")
    assert moved.urls == (("http://127.0.0.1:1/x.wasm",) if urls else ())


@pytest.mark.parametrize(
    ("text", "release_name", "kind"),
    [(PLUGIN, "1.11", "WasmPlugin"), (EXTENSION, "1.29", "TrafficExtension")],
)
def test_a_kind_that_a_release_does_not_have_is_refused(tmp_path, text, release_name, kind):
    file = tmp_path / "a.yaml"
    file.write_text(text)

    words = f'no matches for kind "{kind}" in version "extensions.istio.io/v1alpha1"'
    with pytest.raises(manifest.InvalidManifest, match=words):
        manifest.read([file], release.find(release_name))


def test_a_folder_is_read_file_by_file_in_order(tmp_path):
    for name in ("b.yml", "a.yaml", "c.json", "notes.txt"):
        text = envoy_filter(name=name[0]) if name != "notes.txt" else "no: yaml: this"
        (tmp_path / name).write_text(text)

    assert [one.name for one in manifest.read([tmp_path], RELEASE).documents] == ["a", "b", "c"]


def test_each_warning_of_istio_is_told_once_with_all_places(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(f"{envoy_filter('a')}---\n{envoy_filter('b')}")

    [warning] = manifest.read([file], RELEASE).warnings

    assert warning.startswith("EnvoyFilter exposes internal implementation details")
    assert warning.endswith(f"({file}:1, {file}:6)")


WRONG = {
    "no YAML": ("a: [", "a.yaml:1: this is no YAML"),
    "nothing": ("# only a comment\n", "no document in .*a.yaml"),
    "no patch": (
        "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\n"
        "metadata: {name: idle, namespace: istio-system}\nspec: {configPatches: []}\n",
        "no patch and no plugin to judge in EnvoyFilter istio-system/idle",
    ),
    "another kind": ("kind: EnvoyFiltr\n", "a.yaml:1: unknown kind 'EnvoyFiltr'.*EnvoyFilter"),
    "not built": ("kind: WasmPlugins\n", "unknown kind"),
    "a name twice": (f"{envoy_filter()}---\n{envoy_filter()}", "already given at .*a.yaml:1"),
    "what the schema refuses": (
        envoy_filter(patch="{applyTo: HTTP_FILTER, match: {listener: {}, cluster: {}}}"),
        "EnvoyFilter istio-system/mine: .*must validate one and only one schema",
    ),
    "what the webhook refuses": (
        envoy_filter(patch="{applyTo: HTTP_FILTER, patch: {operation: ADD}}"),
        "EnvoyFilter istio-system/mine: 1 error.*missing patch value for non-remove operation",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_release_would_refuse_is_refused_before_the_run(tmp_path, case):
    text, reason = WRONG[case]
    (tmp_path / "a.yaml").write_text(text)

    with pytest.raises(manifest.InvalidManifest, match=f"(?s)^--manifest: .*{reason}"):
        manifest.read([tmp_path / "a.yaml"], RELEASE)


def test_a_path_that_holds_no_document_is_named(tmp_path):
    for path, reason in ((tmp_path, "no file .yaml"), (tmp_path / "no.yaml", "no such file")):
        with pytest.raises(manifest.InvalidManifest, match=f"--manifest={path}: {reason}"):
            manifest.read([path], RELEASE)
