"""What of a run is stored in a cluster's API, and that nothing of it stays there."""

import time

import pytest

from clusters import apply
from clusters.kube.stored import SECOND, Stored
from clusters.kube.translation import Translation
from clusters.ownership import FIELD_MANAGER, RUN_LABEL
from clusters.pilot import documents
from clusters.pilot.documents import InvalidDocument

RELAY = "10.0.0.7"
WORDS = (
    'VirtualService default/b: admission webhook "validation.istio.io" denied the request: '
    "configuration is invalid: 1 error occurred:\n\t* HTTP status 1000 is not in range 200-599"
    "\n\n"
)
PLUGINS = "/apis/extensions.istio.io/v1alpha1/namespaces/istio-system/wasmplugins"
FILTERS = "/apis/networking.istio.io/v1alpha3/namespaces/istio-system/envoyfilters"


@pytest.fixture
def stored(lab, kube):
    return Stored(kube, Translation(lab.target, RELAY, lambda port: port + 10000))


def filtering(name, value="envoy.filters.http.a"):
    return f"""
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: {name}, namespace: istio-system}}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {{context: GATEWAY}}
    patch: {{operation: INSERT_BEFORE, value: {{name: {value}}}}}
"""


def plugin(name="a", url="http://127.0.0.1:8000/a.wasm", sha=""):
    return f"""
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {{name: {name}, namespace: istio-system}}
spec: {{url: "{url}", sha256: "{sha}"}}
"""


def routing(name):
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: default}}
spec: {{hosts: [a.example], http: [{{directResponse: {{status: 1000}}}}]}}
"""


def parsed(*texts):
    found = documents.parse("---".join(texts), source="a test")
    return {one.key: one for one in found}


def held(lab, *kinds):
    return {
        one["metadata"]["name"]: one
        for one in lab.served.objects()
        if one["kind"] in (kinds or ("EnvoyFilter", "WasmPlugin", "ServiceEntry"))
    }


def test_what_is_stored_is_labelled_and_this_projects(lab, stored):
    stored.change(parsed(filtering("a")))

    metadata = held(lab)["a"]["metadata"]
    assert metadata["labels"] == {RUN_LABEL: "r1"}
    assert [(one["manager"], one["operation"]) for one in metadata["managedFields"]] == [
        (FIELD_MANAGER, "Apply")
    ]


def test_addresses_of_this_machine_are_stored_as_the_relays(lab, stored):
    versions = stored.change(parsed(plugin()))

    kept = held(lab)["a"]
    assert kept["spec"]["url"] == f"http://{RELAY}:18000/a.wasm"
    assert versions == {("WasmPlugin", "istio-system", "a"): kept["metadata"]["resourceVersion"]}


def test_documents_have_the_age_that_the_server_gives_them(lab, stored):
    stored.change(parsed(filtering("a")))

    (kept,) = stored.documents.values()
    metadata = held(lab)["a"]["metadata"]
    assert kept.creation_timestamp == metadata["creationTimestamp"]
    assert kept.resource_version == metadata["resourceVersion"]


def test_what_stays_the_same_is_not_written_again(lab, stored):
    stored.change(parsed(plugin()))
    asked = len(lab.front.paths)

    assert stored.change(parsed(plugin())) == {}
    assert len(lab.front.paths) == asked


def test_what_changes_is_replaced_and_what_is_missing_goes_the_last_one_first(lab, stored):
    stored.change(parsed(plugin("a"), plugin("b"), plugin("c")))
    lab.front.paths.clear()
    versions = stored.change(parsed(plugin("a", url="http://127.0.0.1:8001/a.wasm")))

    assert list(held(lab)) == ["a"]
    assert held(lab)["a"]["spec"]["url"] == f"http://{RELAY}:18001/a.wasm"
    assert versions == {
        ("WasmPlugin", "istio-system", "c"): "",
        ("WasmPlugin", "istio-system", "b"): "",
        ("WasmPlugin", "istio-system", "a"): held(lab)["a"]["metadata"]["resourceVersion"],
    }
    changing = [line.split()[:2] for line in lab.front.paths if not line.startswith("GET")]
    assert [(verb, path.partition("?")[0][-1]) for verb, path in changing] == [
        ("DELETE", "c"),
        ("DELETE", "b"),
        ("PATCH", "a"),
    ]


def test_what_the_webhook_refuses_is_told_in_its_own_words(lab, stored):
    stored.change(parsed(filtering("a")))
    with pytest.raises(InvalidDocument) as refusal:
        stored.change(parsed(filtering("a"), routing("b")))

    assert str(refusal.value) == WORDS
    assert isinstance(refusal.value.__cause__, apply.Refused)
    assert list(held(lab)) == ["a"]
    assert stored.left() == ["EnvoyFilter istio-system/a"]


@pytest.mark.parametrize("code", [400, 422])
def test_a_refusal_names_addresses_as_the_suites_know_them(lab, stored, code):
    words = {"kind": "Status", "message": f"http://{RELAY}:18000/a.wasm cannot be had"}
    lab.front.answers[f"PATCH {PLUGINS}/a"] = (code, words)

    with pytest.raises(InvalidDocument, match=r"http://127\.0\.0\.1:8000/a\.wasm cannot be had"):
        stored.change(parsed(plugin()))


def test_a_refusal_that_is_none_of_the_documents_is_the_servers(lab, stored):
    lab.front.answers[f"PATCH {FILTERS}/a"] = (403, {"kind": "Status", "message": "not for you"})

    with pytest.raises(apply.Refused, match=r"refused \(403\): not for you"):
        stored.change(parsed(filtering("a")))
    assert stored.left() == []


def test_a_document_that_was_good_is_still_there_after_a_bad_one_for_it(lab, stored):
    stored.change(parsed(plugin()))
    with pytest.raises(InvalidDocument):
        stored.change(parsed(plugin(sha="too short")))

    assert stored.left() == ["WasmPlugin istio-system/a"]
    stored.clear()
    assert held(lab) == {}


def test_somebody_elses_object_of_that_name_is_neither_replaced_nor_removed(lab, stored):
    (document,) = parsed(plugin(url="http://elsewhere/b.wasm")).values()
    lab.served.put(document.written())

    with pytest.raises(apply.Conflict, match="WasmPlugin istio-system/a was refused"):
        stored.change(parsed(plugin()))
    assert stored.left() == []
    stored.clear()
    assert held(lab)["a"]["spec"]["url"] == "http://elsewhere/b.wasm"


def test_a_removal_that_is_not_proven_is_told_and_the_object_counts_as_left(lab, stored):
    stored.change(parsed(filtering("a"), filtering("b")))
    # As a server answers where a finalizer holds the object.
    lab.front.answers[f"DELETE {FILTERS}/b"] = (200, {"kind": "Status", "status": "Success"})

    with pytest.raises(apply.NotRemoved, match=r"EnvoyFilter istio-system/b .* is still there"):
        stored.clear()
    assert list(held(lab)) == ["b"]
    assert stored.left() == ["EnvoyFilter istio-system/b"]

    lab.front.answers.clear()
    stored.clear()
    assert held(lab) == {}
    assert stored.left() == []


def test_what_was_made_though_its_answer_got_lost_is_removed_all_the_same(lab, stored):
    lab.front.loses.add(f"PATCH {FILTERS}/a")
    with pytest.raises(apply.Unreachable, match="did not answer when applying EnvoyFilter"):
        stored.change(parsed(filtering("a")))

    assert list(held(lab)) == ["a"]
    assert stored.left() == ["EnvoyFilter istio-system/a"]
    stored.clear()
    assert held(lab) == {}


def test_with_the_api_away_everything_is_named_that_is_left(lab, stored):
    stored.change(parsed(filtering("a"), plugin("b")))
    stored.mark()
    lab.front.stop()

    with pytest.raises(apply.Unreachable, match=f"API at {lab.front.url} did not answer when "):
        stored.clear()
    assert stored.left() == [
        "EnvoyFilter istio-system/a",
        "WasmPlugin istio-system/b",
        "EnvoyFilter istio-system/marker-r1",
    ]


def test_an_api_that_falls_silent_is_waited_for_once_and_then_less(lab, stored, monkeypatch):
    stored.change(parsed(filtering("a"), plugin("b")))
    monkeypatch.setattr(apply, "REQUEST_SECONDS", (1.0, 1.0))
    monkeypatch.setattr(apply, "SILENT_SECONDS", (0.1, 0.1))
    lab.front.silent = True
    asked, began = len(lab.front.paths), time.monotonic()

    for _ in range(5):
        with pytest.raises(apply.Unreachable, match="Read timed out"):
            stored.clear()
    assert time.monotonic() - began < 3
    assert len(lab.front.paths) - asked == 5, "nothing is asked again, nor for the next object"
    lab.front.silent = False
    stored.clear()
    assert held(lab) == {}


def test_each_marker_takes_the_place_of_the_last_and_goes_with_the_rest(lab, stored):
    names = [stored.mark() for _ in range(2)]

    assert names == ["r1-marker-1", "r1-marker-2"]
    (kept,) = held(lab).values()
    assert [each["patch"]["value"]["name"] for each in kept["spec"]["configPatches"]] == names[1:]
    assert kept["metadata"]["labels"] == {RUN_LABEL: "r1"}
    assert [each["metadata"]["name"] for each in stored.as_stored()] == ["marker-r1"]
    stored.clear()
    assert held(lab) == {}


def test_a_later_filter_with_an_earlier_name_waits_for_another_second(lab, stored):
    stored.change(parsed(filtering("b")))
    began = time.monotonic()
    stored.change(parsed(filtering("b"), filtering("c")))
    with_a_later_name = time.monotonic() - began
    stored.change(parsed(filtering("b"), filtering("c"), filtering("a")))

    assert time.monotonic() - began > SECOND > with_a_later_name
