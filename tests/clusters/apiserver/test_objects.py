"""Objects through the real kubernetes client: written, read, listed, removed."""

import pytest

from tests.clusters.apiserver.conftest import VERSION, envoy_filter

MANAGER = {"field_manager": "us"}


def refusal(raised):
    return raised.value.status, raised.value.summary()


def test_an_applied_document_is_stored_with_identity(envoy_filters):
    stored = envoy_filters.server_side_apply(body=envoy_filter(priority=1), **MANAGER).to_dict()

    assert stored["spec"] == {"priority": 1}
    assert stored["metadata"]["generation"] == 1
    assert len(stored["metadata"]["uid"]) == 36
    assert envoy_filters.get(name="a", namespace="istio-system").to_dict() == stored


def test_the_generation_counts_changes_of_the_spec_alone(envoy_filters):
    def generation(**document):
        stored = envoy_filters.server_side_apply(body=envoy_filter(**document), **MANAGER)
        return stored.metadata.generation

    assert [
        generation(priority=1),
        generation(priority=1),
        generation(priority=1, labels={"a": "b"}),
        generation(priority=2),
    ] == [1, 1, 1, 2]


def test_the_same_document_again_changes_nothing(envoy_filters):
    first = envoy_filters.server_side_apply(body=envoy_filter(priority=1), **MANAGER)
    again = envoy_filters.server_side_apply(body=envoy_filter(priority=1), **MANAGER)

    assert first.to_dict() == again.to_dict()


def test_a_name_can_be_created_once(envoy_filters):
    from kubernetes.dynamic.exceptions import ConflictError

    envoy_filters.create(body=envoy_filter())
    with pytest.raises(ConflictError) as raised:
        envoy_filters.create(body=envoy_filter())

    assert refusal(raised) == (409, 'envoyfilters.networking.istio.io "a" already exists')


def test_a_replacement_of_an_old_version_is_refused(envoy_filters):
    from kubernetes.dynamic.exceptions import ConflictError

    old = envoy_filters.create(body=envoy_filter(priority=1)).to_dict()
    envoy_filters.replace(body={**old, "spec": {"priority": 2}})
    with pytest.raises(ConflictError, match="the object has been modified"):
        envoy_filters.replace(body={**old, "spec": {"priority": 3}})

    assert envoy_filters.get(name="a", namespace="istio-system").spec.priority == 2


def test_what_is_deleted_is_gone(envoy_filters):
    from kubernetes.dynamic.exceptions import NotFoundError

    envoy_filters.create(body=envoy_filter())
    envoy_filters.delete(name="a", namespace="istio-system")

    for ask in (envoy_filters.get, envoy_filters.delete):
        with pytest.raises(NotFoundError) as raised:
            ask(name="a", namespace="istio-system")
        assert refusal(raised) == (404, 'envoyfilters.networking.istio.io "a" not found')


def test_another_object_of_the_same_name_is_not_deleted(envoy_filters):
    from kubernetes.dynamic.exceptions import ConflictError

    envoy_filters.create(body=envoy_filter())
    with pytest.raises(ConflictError, match="Precondition failed: uid"):
        envoy_filters.delete(
            name="a", namespace="istio-system", body={"preconditions": {"uid": "another"}}
        )

    assert envoy_filters.get(name="a", namespace="istio-system").metadata.name == "a"


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ({}, "abc"),
        ({"label_selector": "tier=x"}, "a"),
        ({"label_selector": "tier!=x"}, "bc"),
        ({"label_selector": "tier in (x, y)"}, "ab"),
        ({"label_selector": "tier notin (x),tier"}, "b"),
        ({"label_selector": "!tier"}, "c"),
        ({"field_selector": "metadata.name=b"}, "b"),
        ({"field_selector": "metadata.name!=b,spec.priority=1"}, "a"),
        ({"namespace": "default"}, "c"),
    ],
)
def test_selectors_choose(envoy_filters, selector, found):
    envoy_filters.create(body=envoy_filter("a", labels={"tier": "x"}, priority=1))
    envoy_filters.create(body=envoy_filter("b", labels={"tier": "y"}, priority=1))
    envoy_filters.create(body=envoy_filter("c", namespace="default"))

    names = [one.metadata.name for one in envoy_filters.get(**selector).items]

    assert sorted(names) == list(found)


def test_a_long_list_comes_in_pages(envoy_filters):
    for name in "abcde":
        envoy_filters.create(body=envoy_filter(name))

    pages: list[str] = []
    token = None
    while not pages or token:
        page = envoy_filters.get(limit=2, _continue=token)
        pages.append("".join(one.metadata.name for one in page.items))
        token = page.metadata["continue"]

    assert pages == ["ab", "cd", "e"]


def test_a_kind_is_served_in_each_of_its_versions(dynamic):
    gateway = {
        "kind": "Gateway",
        "metadata": {"name": "g", "namespace": "default"},
        "spec": {
            "servers": [{"port": {"number": 80, "name": "h", "protocol": "HTTP"}, "hosts": ["*"]}]
        },
    }
    versions = [f"networking.istio.io/{one}" for one in ("v1alpha3", "v1beta1", "v1")]
    kinds = [dynamic.resources.get(api_version=one, kind="Gateway") for one in versions]
    kinds[0].create(body={"apiVersion": versions[0], **gateway})

    seen = [one.get(name="g", namespace="default") for one in kinds]

    assert [one.apiVersion for one in seen] == versions
    assert [one.spec.to_dict() for one in seen] == [gateway["spec"]] * 3


def test_an_unknown_namespace_is_refused_until_it_is_created(dynamic, envoy_filters):
    from kubernetes.dynamic.exceptions import NotFoundError

    with pytest.raises(NotFoundError) as raised:
        envoy_filters.server_side_apply(body=envoy_filter(namespace="new"), **MANAGER)
    assert refusal(raised) == (404, 'namespaces "new" not found')

    namespaces = dynamic.resources.get(api_version="v1", kind="Namespace")
    namespaces.create(body={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}})
    envoy_filters.server_side_apply(body=envoy_filter(namespace="new"), **MANAGER)
    namespaces.delete(name="new")

    assert envoy_filters.get().items == []


def test_the_status_is_written_apart(envoy_filters, dynamic):
    stored = envoy_filters.create(body=envoy_filter(priority=1) | {"status": {"x": 1}}).to_dict()
    assert "status" not in stored

    written = envoy_filters.status.patch(
        body={"spec": {"priority": 2}, "status": {"observedGeneration": "1"}},
        name="a",
        namespace="istio-system",
        content_type="application/merge-patch+json",
        field_manager="istiod",
    )
    envoy_filters.server_side_apply(body=envoy_filter(priority=1), **MANAGER)
    after = envoy_filters.get(name="a", namespace="istio-system").to_dict()

    assert (after["spec"], after["status"]) == ({"priority": 1}, {"observedGeneration": "1"})
    assert written.metadata.generation == 1


@pytest.mark.parametrize(
    ("kind", "body", "priority"),
    [
        ("application/merge-patch+json", {"spec": {"priority": 7}}, 7),
        ("application/merge-patch+json", {"spec": {"priority": None}}, None),
        (
            "application/json-patch+json",
            [{"op": "replace", "path": "/spec/priority", "value": 7}],
            7,
        ),
        ("application/json-patch+json", [{"op": "remove", "path": "/spec/priority"}], None),
    ],
)
def test_patches_change_a_part(envoy_filters, kind, body, priority):
    envoy_filters.create(body=envoy_filter(priority=1))

    patched = envoy_filters.client.request(
        "patch", envoy_filters.path("a", "istio-system"), body=body, content_type=kind
    )

    assert patched.spec.priority == priority


def test_a_dry_run_stores_nothing(envoy_filters):
    shown = envoy_filters.server_side_apply(body=envoy_filter(), dry_run="All", **MANAGER)

    assert shown.metadata.name == "a"
    assert envoy_filters.get().items == []


def test_what_istiod_writes_is_kept_apart_from_what_the_run_writes(api, envoy_filters, dynamic):
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "leader", "namespace": "istio-system"},
    }
    leases = dynamic.resources.get(api_version="coordination.k8s.io/v1", kind="Lease")
    envoy_filters.server_side_apply(body=envoy_filter(), field_manager="istio-wasm-conformance")
    leases.create(body=lease, field_manager="istiod")
    for holder in "xy":
        body = lease | {"spec": {"holderIdentity": holder}}
        leases.replace(body=body, field_manager="istiod")

    told = [(one.manager, one.verb, one.kind, one.name, one.times) for one in api.written()]

    assert told == [
        ("istiod", "create", "Lease", "leader", 1),
        ("istiod", "update", "Lease", "leader", 2),
    ]
    assert api.written()[1].thing["spec"] == {"holderIdentity": "y"}


def test_documents_are_admitted_as_the_webhook_does(envoy_filters):
    from kubernetes.dynamic.exceptions import BadRequestError, UnprocessibleEntityError

    with pytest.raises(BadRequestError) as raised:
        envoy_filters.create(body=envoy_filter(configPatches=[{"applyTo": "HTTP_FILTER"}]))
    assert refusal(raised) == (
        400,
        'admission webhook "validation.istio.io" denied the request: configuration is invalid: '
        "1 error occurred:\n\t* Envoy filter: missing patch\n\n",
    )
    with pytest.raises(UnprocessibleEntityError) as raised:
        envoy_filters.create(body=envoy_filter(configPatchs=[]))
    assert refusal(raised)[1].startswith(
        'EnvoyFilter.networking.istio.io "a" is invalid: spec.configPatchs: unknown field'
    )
    assert envoy_filters.get().items == []


def test_what_the_schema_refuses_does_not_reach_the_webhook(envoy_filters):
    from kubernetes.dynamic.exceptions import UnprocessibleEntityError

    twice = {"workloadSelector": {}, "targetRefs": [{"kind": "Service", "group": "", "name": "a"}]}
    with pytest.raises(UnprocessibleEntityError) as raised:
        envoy_filters.create(body=envoy_filter(**twice, configPatches=[{}]))

    assert refusal(raised) == (
        422,
        'EnvoyFilter.networking.istio.io "a" is invalid: spec: Invalid value: "object": '
        "only one of targetRefs or workloadSelector can be set",
    )
    assert envoy_filters.get().items == []


def test_warnings_of_the_webhook_come_as_headers(envoy_filters):
    answer = envoy_filters.create(body=envoy_filter(), serialize=False)

    assert answer.data
    [warning] = answer.headers.getlist("Warning")
    assert warning.startswith('299 - "EnvoyFilter exposes internal implementation details')


def test_discovery_names_what_istiod_looks_for(dynamic):
    definitions = dynamic.resources.get(
        api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition"
    )

    names = {one.metadata.name for one in definitions.get().items}

    assert {"envoyfilters.networking.istio.io", "wasmplugins.extensions.istio.io"} <= names
    assert dynamic.resources.get(api_version=VERSION, kind="EnvoyFilter").namespaced
