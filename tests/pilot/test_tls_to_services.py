"""TLS that a gateway speaks to a service because a DestinationRule says so."""

from typing import Any

import pytest

from tests.pilot.building import document, named, pushed, service_entry
from tests.pilot.test_destination_rules import cluster, options


def tls_of(tls: Any, release: str = "1.31", **service: Any) -> dict[str, Any]:
    made: dict[str, Any] = cluster({"tls": tls}, release, **service)["transport_socket"]
    return dict(made["typed_config"])


def test_tls_to_a_service_trusts_what_the_rule_names() -> None:
    found = tls_of(
        {"mode": "SIMPLE", "sni": "x.test", "subjectAltNames": ["y"], "caCertificates": "/c/ca.pem"}
    )
    root = found["common_tls_context"]["combined_validation_context"]
    assert root["validation_context_sds_secret_config"]["name"] == "file-root:/c/ca.pem"
    names = {"match_subject_alt_names": [{"exact": "y"}]}
    assert root["default_validation_context"] == names
    assert found["sni"] == "x.test"


@pytest.mark.parametrize(("release", "checks"), [("1.20", False), ("1.21", True)])
def test_tls_without_a_root_trusts_the_machine_from_1_21(release: str, checks: bool) -> None:
    common = tls_of({"mode": "SIMPLE"}, release)["common_tls_context"]
    if checks:
        root = common["combined_validation_context"]["validation_context_sds_secret_config"]
        assert root["name"] == "file-root:system"
    else:
        assert common["validation_context"] == {}
    made = cluster({"tls": {"mode": "SIMPLE"}}, release).get("typed_extension_protocol_options")
    assert bool(made) is checks


SNI: list[tuple[Any, ...]] = [
    ("neither", {}, {"auto_sni": True, "auto_san_validation": True}),
    ("names", {"subjectAltNames": ["y"]}, {"auto_sni": True}),
    ("unchecked", {"insecureSkipVerify": True}, {"auto_sni": True}),
]


@pytest.mark.parametrize(("tls", "expected"), **named(SNI))
def test_without_an_sni_the_request_gives_it(tls: Any, expected: Any) -> None:
    made = options(cluster({"tls": {"mode": "SIMPLE", **tls}}))
    assert made["upstream_http_protocol_options"] == expected


def test_a_credential_is_asked_of_istiod() -> None:
    common = tls_of({"mode": "MUTUAL", "credentialName": "c"})["common_tls_context"]
    assert common["tls_certificate_sds_secret_configs"][0]["name"] == "kubernetes://c"
    root = common["combined_validation_context"]["validation_context_sds_secret_config"]
    assert root["name"] == "kubernetes://c-cacert"


def test_tls_over_http2_says_so() -> None:
    grpc = [{"number": 9080, "name": "g", "protocol": "GRPC"}]
    assert tls_of({"mode": "SIMPLE"}, ports=grpc)["common_tls_context"]["alpn_protocols"] == ["h2"]


@pytest.mark.parametrize(
    ("release", "versions", "alpn"),
    [("1.13", False, False), ("1.14", True, False), ("1.18", True, False), ("1.19", True, True)],
)
def test_versions_are_told_from_1_14_and_alpn_from_1_19(
    release: str, versions: bool, alpn: bool
) -> None:
    found = cluster({"tls": {"mode": "SIMPLE"}}, release)
    common = found["transport_socket"]["typed_config"]["common_tls_context"]
    assert ("tls_params" in common) is versions
    assert ("alpn_override" in found["metadata"]["filter_metadata"]["istio"]) is alpn


def test_the_tls_of_the_mesh_has_its_certificates_and_names() -> None:
    (made, _) = pushed(
        service_entry(subjectAltNames=["a.test"]),
        document(
            "DestinationRule",
            "mesh",
            {"host": "productpage", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}},
        ),
    ).clusters
    context = made["transport_socket"]["typed_config"]
    common = context["common_tls_context"]
    validated = common["combined_validation_context"]
    assert context["sni"] == "outbound_.9080_._.productpage.default.svc.cluster.local"
    assert [one["name"] for one in common["tls_certificate_sds_secret_configs"]] == ["default"]
    assert validated["validation_context_sds_secret_config"]["name"] == "ROOTCA"
    names = validated["default_validation_context"]["match_subject_alt_names"]
    assert names == [{"exact": "a.test"}]
    assert common["alpn_protocols"] == ["istio"]
