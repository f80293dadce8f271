"""What a cluster's API server refuses by Istio's CRDs, before the webhook is asked.

The cases, and where their texts and releases are from: tests/pilot/schema_cases.py.
"""

from typing import Any

import pytest

from clusters.pilot.admission import SchemaRefusal, admit, schema_errors
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import Document, InvalidDocument
from clusters.release import find
from tests.pilot.building import RELEASES, envoy_filter
from tests.pilot.schema_cases import CASES, FIRST, LAST, UNCHECKED, Case

EXTENSIONS = ("WasmPlugin", "TrafficExtension")


def made(kind: str, spec: dict[str, Any]) -> Document:
    group, version = "networking", "v1alpha3"
    if kind in EXTENSIONS:
        group, version = "extensions", "v1alpha1"
    return Document(f"{group}.istio.io/{version}", kind, "x", "default", spec, source="x.yaml:1")


def answer(kind: str, spec: dict[str, Any], release: str) -> tuple[str, ...]:
    return schema_errors(made(kind, spec), Behaviours.of(find(release)))


def own(case: Case, release: str) -> set[str]:
    """The lines of the case's own rule in what a release says of its bad spec."""
    return set(answer(case.kind, case.refused, release)) & set(case.answer) - {UNCHECKED}


def named(case: Case) -> str:
    return f"{case.kind}: {case.name}"


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({named(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_rule_is_told_in_the_words_of_the_api_server(case: Case) -> None:
    assert answer(case.kind, case.refused, case.last) == case.answer


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_barely_keeps_the_rule_is_allowed(case: Case) -> None:
    assert answer(case.kind, case.allowed, case.last) == ()


@pytest.mark.parametrize("case", [case for case in CASES if case.since != FIRST], ids=named)
def test_the_rule_begins_with_its_release(case: Case) -> None:
    before = RELEASES[RELEASES.index(case.since) - 1]

    assert own(case, case.since)
    if case.kind != "TrafficExtension":  # that kind itself begins there
        assert not own(case, before)


@pytest.mark.parametrize("case", [case for case in CASES if case.last != LAST], ids=named)
def test_the_rule_ends_with_its_release(case: Case) -> None:
    after = RELEASES[RELEASES.index(case.last) + 1]

    assert not own(case, after)


@pytest.mark.parametrize("case", [case for case in CASES if case.since == FIRST], ids=named)
def test_what_excludes_each_other_is_refused_in_the_oldest_release_asked(case: Case) -> None:
    assert own(case, "1.19")


def refusal(document: Document, release: str = "1.31") -> str:
    with pytest.raises(InvalidDocument) as error:
        admit(document, Behaviours.of(find(release)))
    return str(error.value)


def test_one_error_is_told_as_kubectl_shows_it() -> None:
    told = refusal(made("WasmPlugin", {"url": "oci://a/b", "pluginName": ""}))

    assert told == (
        "x.yaml:1: WasmPlugin default/x: "
        'WasmPlugin.extensions.istio.io "x" is invalid: spec.pluginName: Invalid value: "": '
        "spec.pluginName in body should be at least 1 chars long"
    )


def test_several_errors_are_told_in_one_list() -> None:
    told = refusal(made("WasmPlugin", {"url": "oci://a/b", "pluginName": "", "sha256": "x"}))

    assert 'is invalid: [spec.sha256: Invalid value: "x": ' in told
    assert told.endswith("spec.pluginName in body should be at least 1 chars long]")


def test_the_webhook_is_not_asked_about_what_the_schema_refuses() -> None:
    document = made("EnvoyFilter", {"targetRefs": [{}], "configPatches": [{}]})

    with pytest.raises(SchemaRefusal) as error:
        admit(document, Behaviours.of(find("1.31")))
    assert "missing applyTo" not in str(error.value)


def test_what_the_schema_takes_is_shown_to_the_webhook() -> None:
    document = made("EnvoyFilter", {"configPatches": [{}]})

    assert refusal(document).endswith("* Envoy filter: missing applyTo")


def test_the_warnings_of_the_webhook_are_passed_on() -> None:
    (warning,) = admit(envoy_filter(), Behaviours.of(find("1.31")))

    assert warning.startswith("EnvoyFilter exposes internal implementation details")


def test_fields_that_are_null_count_as_not_given() -> None:
    spec = {"workloadSelector": None, "targetRefs": [{"kind": "Service", "name": "a"}]}

    assert answer("EnvoyFilter", spec, "1.31") == ()


def test_fields_of_a_later_release_are_dropped_before_the_schema_looks() -> None:
    match = {"listener": {}, "waypoint": {"portNumber": 65536}}
    spec = {"configPatches": [{"applyTo": "HTTP_FILTER", "match": match}]}

    assert answer("EnvoyFilter", spec, "1.28") == ()
    assert len(answer("EnvoyFilter", spec, "1.29")) == 3


def test_a_value_of_a_later_release_is_one_more_error() -> None:
    spec = {"url": "oci://a/b", "failStrategy": "FAIL_RELOAD", "pluginName": ""}

    first, *rest = answer("WasmPlugin", spec, "1.26")

    assert first == (
        'spec.failStrategy: Unsupported value: "FAIL_RELOAD": '
        'supported values: "FAIL_CLOSE", "FAIL_OPEN"'
    )
    assert len(rest) == 2
    assert len(answer("WasmPlugin", spec, "1.27")) == 1


def test_an_operation_of_a_later_release_is_refused() -> None:
    patch = {"applyTo": "CLUSTER", "patch": {"operation": "MERGE_AND_REPLACE_LIST"}}
    spec = {"configPatches": [patch]}

    first = answer("EnvoyFilter", spec, "1.30")[0]

    assert first.startswith(
        'spec.configPatches[0].patch.operation: Unsupported value: "MERGE_AND_REPLACE_LIST": '
        'supported values: "INVALID", "MERGE", '
    )
    assert answer("EnvoyFilter", spec, "1.31") == ()


def test_a_null_in_a_patchs_value_is_nobodys_concern() -> None:
    patch = {"applyTo": "CLUSTER", "patch": {"operation": "ADD", "value": {"name": None}}}

    assert answer("EnvoyFilter", {"configPatches": [patch]}, "1.31") == ()
