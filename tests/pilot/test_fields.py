"""A field that a release does not have is named and not read; a value is refused."""

from collections.abc import Iterable
from typing import Any

import pytest

from clusters.pilot import fields, kinds
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import Document, InvalidDocument
from clusters.pilot.explain import explained
from clusters.pilot.upgrade import Change, changes
from clusters.pilot.validation import validate, webhook
from clusters.release import find
from tests.pilot.building import (
    RELEASES,
    document,
    envoy_filter,
    gateway,
    lua,
    named,
    on_http_filter,
    routed,
    service_entry,
    to,
    virtual_service,
)

TLS = {"mode": "SIMPLE", "serverCertificate": "/a", "privateKey": "/b"}
DIRECT = {"directResponse": {"status": 418}}
CURVE = {"warmup": {"duration": "30s"}}
CORS = {"allowOrigins": [{"exact": "a"}], "unmatchedPreflights": "IGNORE"}
REGEX = {"uriRegexRewrite": {"match": "^/a", "rewrite": "/b"}}
TARGET = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "g"}
DOMAIN = "spec.configPatches[0].match.routeConfiguration.vhost.domainName"


def behaviours(release: str) -> Behaviours:
    return Behaviours.of(find(release))


def http(**route: Any) -> Document:
    return virtual_service([{"route": [to()]} | route])


def rule(**policy: Any) -> Document:
    return document("DestinationRule", "r", {"host": "a.test", "trafficPolicy": policy})


def secure(**tls: Any) -> Document:
    return gateway(protocol="HTTPS", server={"tls": TLS | tls})


def filtered(**spec: Any) -> Document:
    return envoy_filter(on_http_filter("ADD", lua()), spec=spec)


def on_domain() -> Document:
    match = {"routeConfiguration": {"vhost": {"domainName": "a.test"}}}
    patch = {"operation": "MERGE", "value": {"name": "x"}}
    return envoy_filter({"applyTo": "VIRTUAL_HOST", "match": match, "patch": patch})


def told_of_fields(one: Document, release: str) -> list[str]:
    return [text for text in validate(one, behaviours(release)) if "field" in text]


def refusal(one: Document, release: str) -> str:
    with pytest.raises(InvalidDocument) as error:
        validate(one, behaviours(release))
    return str(error.value)


FIELDS: list[tuple[Any, ...]] = [
    ("priority", filtered(priority=1), "spec.priority", "1.11"),
    ("targetRefs", filtered(targetRefs=[TARGET]), "spec.targetRefs", "1.22"),
    ("domainName", on_domain(), DOMAIN, "1.25"),
    ("scheme", virtual_service([{"redirect": {"scheme": "https"}}]), "", "1.12"),
    ("statPrefix", http(match=[{"statPrefix": "a"}]), "spec.http[0].match[0].statPrefix", "1.15"),
    ("directResponse", virtual_service([{"route": [to()]}, DIRECT]), "", "1.15"),
    ("mirrors", http(mirrors=[to("m")]), "spec.http[0].mirrors", "1.19"),
    ("rewrite", http(rewrite=REGEX), "", "1.19"),
    ("cors", http(corsPolicy=CORS), "spec.http[0].corsPolicy.unmatchedPreflights", "1.23"),
    (
        "backoff",
        http(retries={"attempts": 1, "backoff": "1s"}),
        "spec.http[0].retries.backoff",
        "1.26",
    ),
    ("caCrl", secure(caCrl="/c", mode="MUTUAL", caCertificates="/d"), "", "1.22"),
    ("warmup", rule(loadBalancer=CURVE), "spec.trafficPolicy.loadBalancer.warmup", "1.24"),
    (
        "warmup of a port",
        rule(portLevelSettings=[{"port": {"number": 1}, "loadBalancer": CURVE}]),
        "spec.trafficPolicy.portLevelSettings[0].loadBalancer.warmup",
        "1.24",
    ),
    (
        "streams",
        rule(connectionPool={"http": {"maxConcurrentStreams": 1}}),
        "spec.trafficPolicy.connectionPool.http.maxConcurrentStreams",
        "1.21",
    ),
    (
        "maglev",
        rule(loadBalancer={"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 7}}}),
        "spec.trafficPolicy.loadBalancer.consistentHash.maglev",
        "1.16",
    ),
]


@pytest.mark.parametrize(("one", "place", "first"), **named(FIELDS))
def test_a_field_is_named_by_every_release_before_its_own(
    one: Document, place: str, first: str
) -> None:
    pruned = [
        release
        for release in RELEASES
        if any(gap.pruned for gap in fields.missing(one, behaviours(release)))
    ]
    assert pruned == list(RELEASES[: RELEASES.index(first)])
    if place:
        assert told_of_fields(one, pruned[-1]) == [f'unknown field "{place}"']
    assert webhook(one, behaviours("1.31")) == validate(one, behaviours("1.31"))


UNREAD: list[tuple[Any, ...]] = [
    ("domainName", on_domain(), DOMAIN, ["1.25"]),
    (
        "targetRefs",
        filtered(targetRefs=[TARGET]),
        "spec.targetRefs",
        ["1.22", "1.23", "1.24", "1.25", "1.26"],
    ),
]


@pytest.mark.parametrize(("one", "place", "releases"), **named(UNREAD))
def test_a_field_that_istiod_learned_to_read_later_is_told_apart(
    one: Document, place: str, releases: list[str]
) -> None:
    text = f'field "{place}" is in the API of this release, but istiod does not read it'
    assert [each for each in RELEASES if text in told_of_fields(one, each)] == releases
    assert fields.as_stored(one, behaviours(releases[0])) is one


VALUES: list[tuple[Any, ...]] = [
    ("tls", secure(mode="OPTIONAL_MUTUAL", caCertificates="/c"), "OPTIONAL_MUTUAL", "1.19"),
    ("names", service_entry(resolution="DNS_ROUND_ROBIN"), "DNS_ROUND_ROBIN", "1.12"),
    ("balance", rule(loadBalancer={"simple": "LEAST_REQUEST"}), "LEAST_REQUEST", "1.14"),
]


@pytest.mark.parametrize(("one", "value", "first"), **named(VALUES))
def test_a_value_is_refused_by_every_release_before_its_own(
    one: Document, value: str, first: str
) -> None:
    refusing = [each for each in RELEASES if list(fields.refused_values(one, behaviours(each)))]
    assert refusing == list(RELEASES[: RELEASES.index(first)])
    assert f'Unsupported value: "{value}": supported values: "' in refusal(one, refusing[-1])
    validate(one, behaviours(first))


def test_a_refused_value_is_told_with_those_that_may_be() -> None:
    said = refusal(secure(mode="OPTIONAL_MUTUAL", caCertificates="/c"), "1.18")
    assert said.endswith(
        'spec.servers[0].tls.mode: Unsupported value: "OPTIONAL_MUTUAL": supported values: '
        '"PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL"'
    )


def test_what_is_left_of_a_document_must_satisfy_the_webhook() -> None:
    said = refusal(virtual_service([DIRECT]), "1.14")
    assert "HTTP route, redirect or direct_response is required" in said
    assert said.endswith(
        "Hint: this release does not know, and leaves out, spec.http[0].directResponse"
    )
    assert validate(virtual_service([DIRECT]), behaviours("1.15")) == ()


@pytest.mark.parametrize(("release", "mirrored"), [("1.18", False), ("1.19", True)])
def test_a_field_is_not_pushed_before_its_release(release: str, mirrored: bool) -> None:
    action = routed(release=release, mirrors=[to("m")])["route"]
    assert ("request_mirror_policies" in action) is mirrored


def test_nothing_is_copied_where_a_release_has_all_fields() -> None:
    one = http(mirrors=[to("m")])
    assert fields.as_stored(one, behaviours("1.31")) is one
    assert "mirrors" in one.spec["http"][0]
    assert fields.as_stored(one, behaviours("1.9")).spec["http"] == [{"route": [to()]}]


def test_a_field_set_to_null_counts_as_not_given() -> None:
    assert fields.missing(http(mirrors=None), behaviours("1.9")) == ()


def test_nothing_is_told_of_the_fields_of_a_kind_that_a_release_lacks() -> None:
    one = document(
        "WasmPlugin",
        "p",
        {"url": "oci://a/b", "vmConfig": {"env": []}},
        api_version="extensions.istio.io/v1alpha1",
    )
    assert fields.missing(one, behaviours("1.11")) == ()
    assert [gap.place for gap in fields.missing(one, behaviours("1.12"))] == ["spec.vmConfig"]
    assert refusal(one, "1.11").count("\n") == 1


def upgraded(one: Document, releases: Iterable[str]) -> tuple[Change, ...]:
    every = (gateway(), service_entry(), one)
    found = changes(explained(every, [find(each) for each in releases]))
    return tuple(change for change in found if "spec." in change.what and change.state != "refused")


def test_an_upgrade_names_the_fields_that_begin_to_be_read() -> None:
    (change,) = upgraded(http(mirrors=[to("m")]), ["1.17", "1.18", "1.19", "1.20"])
    assert change.what == "VirtualService default/vs spec.http[0].mirrors"
    assert change.sentence == ("is not read by 1.17, 1.18 and begins to be read at 1.19")
    assert (change.state, change.fails) == ("keeps", False)
    assert [one.name for one in change.works_in] == ["1.19", "1.20"]


def test_an_upgrade_to_a_release_without_a_field_should_wait() -> None:
    (change,) = upgraded(http(mirrors=[to("m")]), ["1.17", "1.18"])
    assert change.sentence == "is not read by 1.17, 1.18"
    assert (change.state, change.fails) == ("idle", True)


def test_a_document_refused_for_want_of_a_field_has_the_field_named_too() -> None:
    (change,) = upgraded(virtual_service([DIRECT]), ["1.14", "1.15"])
    assert change.what == "VirtualService default/vs spec.http[0].directResponse"


def test_every_dated_field_is_one_that_documents_may_have() -> None:
    for kind, table in fields.known().items():
        for field in table:
            value: Any = "x"
            for step in reversed(field.steps):
                value = [value] if step == "[]" else {step: value}
            found = [one.text for one in kinds.BUILT[kind].spec(value, ())]
            assert not [text for text in found if "unknown field" in text], (kind, field.place)


def test_the_newest_release_lacks_nothing_and_the_oldest_all() -> None:
    for kind, table in fields.known().items():
        for field in table:
            dated = [field.since] if field.since else [since for _, since in field.values]
            assert dated, (kind, field.place)
            for since in dated:
                assert not fields._lacks(since, behaviours("1.31")), field.place
                assert fields._lacks(since, behaviours("1.9")), field.place
