"""One push as a whole: the published documents, purity, normal form and cost."""

import copy
import time
from pathlib import Path
from typing import Any

import pytest

from bookinfo.documents import documents as bookinfo_documents
from clusters.pilot import protos
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import Document, InvalidDocument, parse, read, together
from clusters.pilot.explain import explain
from clusters.pilot.push import Snapshot, push
from clusters.release import find
from tests.pilot.building import (
    RELEASES,
    envoy_filter,
    gateway,
    lua,
    node,
    on_http_filter,
    pushed,
    service_entry,
    virtual_service,
)

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "suites/delivery/published.yaml"
VERSION_MATCH = "       proxy:\n         proxyVersion: ^1\\.9.*\n"


def bookinfo() -> tuple[Document, ...]:
    return parse(bookinfo_documents(9080), source="bookinfo.yaml")


def published(text: str | None = None) -> tuple[Document, ...]:
    return together(bookinfo(), parse(text or PUBLISHED.read_text(), source="published.yaml"))


def test_the_published_documents_are_as_printed() -> None:
    text = PUBLISHED.read_text()
    assert VERSION_MATCH in text
    assert "initial_fetch_timeout: 0s # wait indefinitely to prevent bad Wasm fetch\n" in text
    assert text.startswith("apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\n")
    assert text.endswith("                 runtime: envoy.wasm.runtime.v8\n\n")
    assert [one.name for one in read(PUBLISHED)] == ["basic-auth", "auth-config"]


def test_the_published_documents_take_effect_on_1_9() -> None:
    found = pushed(*published(), release="1.9")
    assert [one.effective for one in found.outcomes] == [True, True]
    assert explain(found).splitlines() == [
        "effective: EnvoyFilter istio-system/auth-config configPatches[0] EXTENSION_CONFIG ADD: "
        "serves `istio.auth`, which listener 0.0.0.0_8080 asks for",
        "effective: EnvoyFilter istio-system/basic-auth configPatches[0] HTTP_FILTER "
        "INSERT_BEFORE: is HTTP filter 1 of 4 (istio.auth, envoy.filters.http.cors, "
        "envoy.filters.http.fault, envoy.filters.http.router) in listener 0.0.0.0_8080",
    ]
    (extension,) = found.extensions
    config = extension["typed_config"]
    assert config["@type"] == "type.googleapis.com/udpa.type.v1.TypedStruct"
    assert (
        '"credentials":[ "ok:test", "YWRtaW4zOmFkbWluMw==" ]'
        in (config["value"]["config"]["configuration"]["value"])
    )


@pytest.mark.parametrize("release", RELEASES[1:])
def test_the_published_documents_have_no_effect_later_because_of_the_version(release: str) -> None:
    found = pushed(*published(), release=release)
    extension, inserted = found.outcomes
    assert not inserted.effective
    version = find(release).version
    assert inserted.sentence == (
        rf"proxyVersion `^1\.9.*` does not match the proxy's version {version}"
    )
    assert not extension.effective
    assert extension.sentence.startswith("no HTTP filter asks for `istio.auth`")


@pytest.mark.parametrize("release", RELEASES)
def test_without_the_version_they_take_effect_until_the_old_name_is_forgotten(
    release: str,
) -> None:
    found = pushed(*published(PUBLISHED.read_text().replace(VERSION_MATCH, "")), release=release)
    old = int(release.partition(".")[2]) < 19
    assert [one.effective for one in found.outcomes] == [old, old]
    assert old or found.outcomes[1].sentence == (
        "the match names the deprecated filter `envoy.http_connection_manager`, which Istio 1.19 "
        "and later no longer match; write `envoy.filters.network.http_connection_manager`"
    )


def test_bookinfo_is_what_the_sample_becomes() -> None:
    found = pushed(*bookinfo(), release="1.31")
    assert [one["name"] for one in found.listeners] == ["0.0.0.0_8080"]
    (configuration,) = found.routes
    assert configuration["name"] == "http.8080"
    echo, everything = sorted(configuration["virtual_hosts"], key=lambda one: -len(one["name"]))
    assert (echo["name"], everything["name"]) == ("echo.test:8080", "*:8080")
    assert everything["domains"] == ["*"]
    upstream = "productpage.default.svc.cluster.local:9080"
    assert [one["decorator"]["operation"] for one in everything["routes"]] == [
        f"{upstream}{path}"
        for path in ("/productpage", "/static*", "/login", "/logout", "/api/v1/products*")
    ]
    assert [one["name"] for one in found.clusters] == [
        "outbound|9080||productpage.default.svc.cluster.local",
        "BlackHoleCluster",
    ]
    (assignment,) = found.endpoints
    (locality,) = assignment["endpoints"]
    socket = locality["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    assert socket == {"address": "127.0.0.1", "port_value": 9080}


def kitchen_sink(release: str = "latest") -> tuple[Document, ...]:
    """Documents that use most of what is built and a release has."""
    answer: dict[str, Any] = {"directResponse": {"status": 200, "body": {"string": "x"}}}
    if not Behaviours.of(find(release)).reach("1.15.0"):
        answer = {"redirect": {"uri": "/x"}}
    rest = {
        "timeout": "1.5s",
        "retries": {"attempts": 2, "perTryTimeout": "100ms", "backoff": "1s"},
        "rewrite": {"uri": "/x", "authority": "b.test"},
        "mirror": {"host": "m.test"},
        "fault": {"delay": {"fixedDelay": "1s"}, "abort": {"httpStatus": 500}},
        "corsPolicy": {"allowOrigins": [{"prefix": "https://"}], "maxAge": "1h"},
        "headers": {"request": {"set": {"a": "b"}, "remove": ["c"]}},
        "match": [
            {
                "uri": {"regex": "/a+"},
                "headers": {"x": {"exact": "1"}, "z": {}},
                "withoutHeaders": {"y": {"prefix": "p"}},
                "queryParams": {"q": {"regex": "r"}},
                "method": {"exact": "GET"},
            }
        ],
    }
    destinations = [{"destination": {"host": "productpage"}, "weight": one} for one in (1, 2)]
    return (
        gateway(hosts=["*.test", "./x.org"], server={"tls": {"httpsRedirect": True}}),
        gateway("web", port=8081, protocol="GRPC-WEB", server={"bind": "127.0.0.1"}),
        virtual_service(
            [
                {"route": destinations[:1], **rest},
                {"route": destinations},
            ],
            hosts=["a.test", "*.b.test"],
            gateways=["gw", "web"],
        ),
        virtual_service(
            [
                {"redirect": {"uri": "/", "port": 1}, "match": [{"uri": {"exact": "/r"}}]},
                answer,
            ],
            "answers",
            hosts=["c.test"],
        ),
        service_entry(
            location="MESH_EXTERNAL", endpoints=[{"address": "127.0.0.2", "locality": "r/z/s"}]
        ),
        service_entry("grpc", ports=[{"number": 1, "name": "g", "protocol": "GRPC"}]),
        envoy_filter(on_http_filter("INSERT_BEFORE", lua(inlineCode="--"))),
    )


def resources(found: Snapshot) -> list[tuple[str, dict[str, Any]]]:
    kinds = (
        (protos.LDS, found.listeners),
        (protos.RDS, found.routes),
        (protos.CDS, found.clusters),
        (protos.EDS, found.endpoints),
        (protos.ECDS, found.extensions),
    )
    return [(kind, one) for kind, several in kinds for one in several]


@pytest.mark.parametrize("release", RELEASES)
def test_every_resource_is_in_its_normal_form_and_packs(release: str) -> None:
    documents = (*kitchen_sink(release), *read(PUBLISHED))
    found = resources(pushed(*documents, release=release))
    assert len({kind for kind, _ in found}) >= 4
    for kind, one in found:
        assert protos.to_dict(protos.parse_strictly(kind, one)) == one
        assert protos.pack(one, kind).type_url == kind


@pytest.mark.parametrize("release", ["1.9", "1.31"])
def test_equal_input_gives_equal_output_and_stays_untouched(release: str) -> None:
    documents = published()
    before = copy.deepcopy(documents)
    first = pushed(*documents, release=release)
    changed = pushed(*documents, release=release)
    for _, one in resources(changed):
        one.clear()
    assert pushed(*documents, release=release) == first
    assert documents == before


def test_every_patch_has_exactly_one_outcome_in_the_order_istiod_takes_them() -> None:
    patches = [on_http_filter("INSERT_BEFORE", lua(str(one))) for one in range(3)]
    found = pushed(
        gateway(),
        envoy_filter(*patches, name="b"),
        envoy_filter(*patches, name="a", namespace="nowhere"),
        envoy_filter(*patches, name="c", spec={"priority": -1}),
    )
    keys = [(one.document[2], one.index) for one in found.outcomes]
    assert keys == [(name, index) for name in "cba" for index in range(3)]


def test_an_invalid_document_stops_the_push_with_the_webhooks_words() -> None:
    with pytest.raises(InvalidDocument, match="Envoy filter: missing patch value"):
        pushed(gateway(), envoy_filter(on_http_filter("ADD")))


def test_the_webhooks_warnings_come_with_the_snapshot() -> None:
    found = pushed(*published(), release="1.9")
    assert len(found.warnings) == 3
    assert "EnvoyFilter istio-system/basic-auth: using deprecated filter name" in found.warnings[1]


def test_ineffective_patches_are_explained_first() -> None:
    found = pushed(
        gateway(),
        envoy_filter(
            on_http_filter("INSERT_BEFORE", lua("a")),
            on_http_filter("INSERT_BEFORE", lua("b"), sub="none"),
        ),
    )
    first, second = explain(found).splitlines()
    assert first.startswith("no effect: EnvoyFilter istio-system/ef configPatches[1] HTTP_FILTER")
    assert second.startswith("effective: EnvoyFilter istio-system/ef configPatches[0]")
    assert explain(pushed(gateway())) == ""


def test_a_warm_push_costs_less_than_5_ms_of_processor_time() -> None:
    release = find("1.9")
    documents, proxy = published(), node(release.version)
    push(documents, proxy, release)
    costs = []
    for _ in range(20):
        began = time.process_time()
        push(documents, proxy, release)
        costs.append(time.process_time() - began)
    assert sorted(costs)[10] < 0.005
