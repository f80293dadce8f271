"""Server-side apply: who owns which field, and what happens when two want the same one."""

import pytest

from clusters.local.apiserver import patches
from clusters.local.apiserver.statuses import ApiError
from tests.clusters.apiserver.conftest import envoy_filter

LABELS = {"workloadSelector": {"labels": {"istio": "ingressgateway"}}}


@pytest.fixture
def apply(envoy_filters):
    def applied(manager, *, force=None, labels=None, **spec):
        return envoy_filters.server_side_apply(
            body=envoy_filter(labels=labels, **spec), field_manager=manager, force_conflicts=force
        ).to_dict()

    return applied


def owned(stored):
    return {
        entry["manager"]: entry["fieldsV1"].get("f:spec", {})
        for entry in stored["metadata"]["managedFields"]
    }


def test_managers_own_what_they_apply(apply):
    apply("us", priority=1)
    stored = apply("them", **LABELS)

    assert stored["spec"] == {"priority": 1, **LABELS}
    assert owned(stored) == {
        "us": {"f:priority": {}},
        "them": {"f:workloadSelector": {"f:labels": {"f:istio": {}}}},
    }


def test_a_conflict_names_the_other_manager_and_the_field(apply):
    from kubernetes.dynamic.exceptions import ConflictError

    apply("them", priority=1, **LABELS)
    with pytest.raises(ConflictError) as raised:
        apply("us", priority=2)

    assert raised.value.summary() == (
        'Apply failed with 1 conflict: conflict with "them" using networking.istio.io/v1alpha3: '
        ".spec.priority"
    )


def test_several_conflicts_are_all_named(apply):
    from kubernetes.dynamic.exceptions import ConflictError

    apply("them", priority=1, configPatches=[])
    with pytest.raises(ConflictError) as raised:
        apply("us", priority=2, configPatches=None)

    assert raised.value.summary().splitlines() == [
        'Apply failed with 2 conflicts: conflicts with "them" using networking.istio.io/v1alpha3:',
        "- .spec.configPatches",
        "- .spec.priority",
    ]


def test_force_takes_the_field_and_leaves_the_rest(apply):
    apply("them", priority=1, **LABELS)
    stored = apply("us", force=True, priority=2)

    assert stored["spec"] == {"priority": 2, **LABELS}
    assert owned(stored) == {
        "us": {"f:priority": {}},
        "them": {"f:workloadSelector": {"f:labels": {"f:istio": {}}}},
    }


def test_the_same_value_is_owned_by_both(apply):
    apply("them", priority=1)
    stored = apply("us", priority=1)

    assert owned(stored) == {"us": {"f:priority": {}}, "them": {"f:priority": {}}}


def test_what_a_manager_no_longer_applies_goes(apply):
    apply("us", priority=1, **LABELS)

    assert apply("us", priority=1)["spec"] == {"priority": 1}


def test_what_another_manager_applied_too_stays(apply):
    apply("us", priority=1, **LABELS)
    apply("them", priority=1)

    assert apply("us", **LABELS)["spec"] == {"priority": 1, **LABELS}


def test_a_replacement_owns_what_it_changes(apply, envoy_filters):
    stored = apply("us", priority=1, **LABELS)
    changed = {**stored, "spec": {"priority": 2, **LABELS}}
    replaced = envoy_filters.replace(body=changed, field_manager="kubectl").to_dict()

    assert owned(replaced) == {
        "us": {"f:workloadSelector": {"f:labels": {"f:istio": {}}}},
        "kubectl": {"f:priority": {}},
    }


def test_an_apply_without_a_manager_is_refused(envoy_filters):
    from kubernetes.dynamic.exceptions import UnprocessibleEntityError

    with pytest.raises(UnprocessibleEntityError, match="fieldManager: Required value"):
        envoy_filters.server_side_apply(body=envoy_filter())


def test_an_apply_that_brings_managed_fields_is_refused(apply, envoy_filters):
    from kubernetes.dynamic.exceptions import BadRequestError

    stored = apply("us", priority=1)
    with pytest.raises(BadRequestError, match=r"metadata\.managedFields must be nil"):
        envoy_filters.server_side_apply(body=stored, field_manager="us")


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        ([{"op": "add", "path": "/l/1", "value": 9}], {"l": [1, 9, 2], "m": {"a/b": 1}}),
        ([{"op": "add", "path": "/l/-", "value": 9}], {"l": [1, 2, 9], "m": {"a/b": 1}}),
        ([{"op": "remove", "path": "/l/0"}], {"l": [2], "m": {"a/b": 1}}),
        ([{"op": "replace", "path": "/m/a~1b", "value": 2}], {"l": [1, 2], "m": {"a/b": 2}}),
        ([{"op": "replace", "path": "", "value": 5}], 5),
        ([{"op": "move", "from": "/l", "path": "/n"}], {"n": [1, 2], "m": {"a/b": 1}}),
        ([{"op": "copy", "from": "/l/0", "path": "/n"}], {"l": [1, 2], "m": {"a/b": 1}, "n": 1}),
        ([{"op": "test", "path": "/l/0", "value": 1}], {"l": [1, 2], "m": {"a/b": 1}}),
    ],
)
def test_json_patches_follow_their_standard(operations, result):
    assert patches.patched({"l": [1, 2], "m": {"a/b": 1}}, operations) == result


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ({"op": "add"}, 400),
        ([1], 400),
        ([{"op": "remove", "path": "/l/2"}], 422),
        ([{"op": "remove", "path": "/x"}], 422),
        ([{"op": "remove", "path": ""}], 422),
        ([{"op": "replace", "path": "/x", "value": 1}], 422),
        ([{"op": "add", "path": "/l/9", "value": 1}], 422),
        ([{"op": "add", "path": "/l/0/deep", "value": 1}], 422),
        ([{"op": "add", "path": "l", "value": 1}], 422),
        ([{"op": "add", "path": "/l"}], 422),
        ([{"op": "test", "path": "/l/0", "value": 2}], 422),
        ([{"op": "explode", "path": "/l"}], 422),
        ([{"path": "/l"}], 422),
        ([{"op": "add", "path": 5, "value": 1}], 422),
    ],
)
def test_json_patches_that_do_not_fit_are_refused(operations, code):
    with pytest.raises(ApiError) as raised:
        patches.patched({"l": [1, 2]}, operations)

    assert raised.value.code == code


def test_merge_patches_follow_their_standard():
    value = {"a": {"b": 1, "c": 2}, "d": [1]}

    assert patches.merged(value, {"a": {"b": None}, "d": {"e": None}}) == {"a": {"c": 2}, "d": {}}
    assert patches.merged(value, 3) == 3
