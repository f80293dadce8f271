"""HTTPS servers of a Gateway: chains, route names, certificates, and what shares a port."""

from typing import Any

import pytest

from clusters.pilot.documents import Document
from tests.pilot.building import document, named, pushed, virtual_service
from tests.pilot.test_validation import refusal

FILES = {"serverCertificate": "/c/cert.pem", "privateKey": "/c/key.pem"}
SIMPLE = {"mode": "SIMPLE", **FILES}
CREDENTIAL = {"mode": "SIMPLE", "credentialName": "shop"}
BY_THE_AGENT = {
    "api_config_source": {
        "api_type": "GRPC",
        "transport_api_version": "V3",
        "grpc_services": [{"envoy_grpc": {"cluster_name": "sds-grpc"}}],
        "set_node_on_first_message_only": True,
    },
    "resource_api_version": "V3",
}
BY_ISTIOD = {"ads": {}, "resource_api_version": "V3"}
CERTIFICATE = {"name": "file-cert:/c/cert.pem~/c/key.pem", "sds_config": BY_THE_AGENT}


def https(*hosts: str, name: str = "https", tls: Any = SIMPLE, **rest: Any) -> dict[str, Any]:
    port = {"number": rest.pop("port", 8443), "name": name, "protocol": "HTTPS"}
    return {"port": port, "hosts": list(hosts or ("*",)), "tls": tls, **rest}


def http(*hosts: str, **rest: Any) -> dict[str, Any]:
    port = {"number": rest.pop("port", 8443), "name": "http", "protocol": "HTTP"}
    return {"port": port, "hosts": list(hosts or ("*",)), **rest}


def gateway(*servers: dict[str, Any], name: str = "gw") -> Any:
    selector = {"istio": "ingressgateway"}
    return document("Gateway", name, {"selector": selector, "servers": list(servers)})


def chains(*documents: Any, release: str = "latest") -> list[dict[str, Any]]:
    (listener,) = pushed(*documents, release=release).listeners
    found: list[dict[str, Any]] = listener["filter_chains"]
    return found


def route_name(chain: dict[str, Any]) -> str:
    config = chain["filters"][0]["typed_config"]
    # A chain without a name of routes has none, which istiod 1.24 makes (tests/differential).
    name: str = config["rds"]["route_config_name"] if "rds" in config else "none"
    return name


def context(tls: dict[str, Any]) -> dict[str, Any]:
    (chain,) = chains(gateway(https(tls=tls)))
    assert chain["transport_socket"]["name"] == "envoy.transport_sockets.tls"
    made: dict[str, Any] = chain["transport_socket"]["typed_config"]
    return made


def test_each_https_server_has_a_chain_for_its_names_and_routes_of_its_own() -> None:
    servers = (
        https("b.test", "*.a.test", "default/c.test"),
        https("d.test", name="other", **{"tls": CREDENTIAL}),
    )
    first, second = chains(gateway(*servers))
    assert first["filter_chain_match"] == {"server_names": ["*.a.test", "b.test", "c.test"]}
    assert second["filter_chain_match"] == {"server_names": ["d.test"]}
    assert route_name(first) == "https.8443.https.gw.default"
    assert route_name(second) == "https.8443.other.gw.default"


def test_a_server_for_every_host_asks_for_no_name() -> None:
    assert "filter_chain_match" not in chains(gateway(https("*")))[0]


def test_routes_of_an_https_server_are_those_of_its_hosts() -> None:
    found = pushed(
        gateway(https("a.test"), https("b.test", name="b")),
        virtual_service([{"directResponse": {"status": 200}}], hosts=["b.test"]),
    )
    assert {one["name"]: one["virtual_hosts"][0]["name"] for one in found.routes} == {
        "https.8443.https.gw.default": "blackhole:8443",
        "https.8443.b.gw.default": "b.test:8443",
    }


@pytest.mark.parametrize(
    ("server", "prefix"),
    [(https(name="https"), "outbound_0.0.0.0_8443;"), (https() | {"name": "shop"}, "shop")],
)
def test_statistics_of_an_https_server_carry_its_name(server: Any, prefix: str) -> None:
    (chain,) = chains(gateway(server))
    assert chain["filters"][0]["typed_config"]["stat_prefix"] == prefix


def test_a_bind_is_part_of_the_name_of_the_routes() -> None:
    (chain,) = chains(gateway(https(bind="127.0.0.1")))
    assert route_name(chain) == "https.8443.https.gw.default.127.0.0.1"


@pytest.mark.parametrize(
    ("release", "config"), [("1.22", {}), ("1.23", {"initial_read_buffer_size": 512})]
)
def test_a_listener_with_tls_looks_at_the_client_hello(release: str, config: Any) -> None:
    (listener,) = pushed(gateway(https()), release=release).listeners
    (inspector,) = listener["listener_filters"]
    assert inspector["name"] == "envoy.filters.listener.tls_inspector"
    kind = "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
    assert inspector["typed_config"] == {"@type": kind} | config
    (plain,) = pushed(gateway(http())).listeners
    assert "listener_filters" not in plain


CONTEXTS: list[tuple[Any, ...]] = [
    ("files", SIMPLE, {"tls_certificate_sds_secret_configs": [CERTIFICATE]}, False),
    (
        "files of a client",
        {"mode": "MUTUAL", "caCertificates": "/c/ca.pem", "caCrl": "/c/crl", **FILES},
        {
            "tls_certificate_sds_secret_configs": [CERTIFICATE],
            "combined_validation_context": {
                "default_validation_context": {"crl": {"filename": "/c/crl"}},
                "validation_context_sds_secret_config": {
                    "name": "file-root:/c/ca.pem",
                    "sds_config": BY_THE_AGENT,
                },
            },
        },
        True,
    ),
    (
        "a credential",
        CREDENTIAL,
        {
            "tls_certificate_sds_secret_configs": [
                {"name": "kubernetes://shop", "sds_config": BY_ISTIOD}
            ]
        },
        False,
    ),
    (
        "a credential and names of a client, who need not come with one",
        CREDENTIAL | {"mode": "OPTIONAL_MUTUAL", "subjectAltNames": ["me"]},
        {
            "tls_certificate_sds_secret_configs": [
                {"name": "kubernetes://shop", "sds_config": BY_ISTIOD}
            ],
            "combined_validation_context": {
                "default_validation_context": {"match_subject_alt_names": [{"exact": "me"}]},
                "validation_context_sds_secret_config": {
                    "name": "kubernetes://shop-cacert",
                    "sds_config": BY_ISTIOD,
                },
            },
        },
        False,
    ),
    (
        "versions and ciphers",
        SIMPLE
        | {
            "minProtocolVersion": "TLSV1_2",
            "maxProtocolVersion": "TLSV1_3",
            "cipherSuites": ["ECDHE-RSA-AES128-GCM-SHA256"] * 2,
        },
        {
            "tls_certificate_sds_secret_configs": [CERTIFICATE],
            "tls_params": {
                "tls_minimum_protocol_version": "TLSv1_2",
                "tls_maximum_protocol_version": "TLSv1_3",
                "cipher_suites": ["ECDHE-RSA-AES128-GCM-SHA256"],
            },
        },
        False,
    ),
    (
        "no version of its own",
        SIMPLE | {"minProtocolVersion": "TLS_AUTO"},
        {"tls_certificate_sds_secret_configs": [CERTIFICATE]},
        False,
    ),
]


@pytest.mark.parametrize(("tls", "common", "required"), **named(CONTEXTS))
def test_tls_settings_become_the_context_that_istiod_sends(
    tls: Any, common: Any, required: bool
) -> None:
    found = context(tls)
    assert found["common_tls_context"] == common | {"alpn_protocols": ["h2", "http/1.1"]}
    assert found["require_client_certificate"] is required


SHARING: list[tuple[Any, ...]] = [
    ("one host twice", [https("a.test"), https("b.test", "a.test", name="x")], "1.31", ["https"]),
    ("two hosts", [https("a.test"), https("b.test", name="x")], "1.31", ["https", "x"]),
    ("plain first", [http(), https("a.test")], "1.31", ["http"]),
    ("plain second", [https("a.test"), http()], "1.31", ["https", "http"]),
    ("plain second of old", [https("a.test"), http()], "1.24", ["https", "none"]),
    (
        "plain third",
        [https("a.test"), https("b.test", name="x"), http()],
        "1.31",
        ["https", "x", "http"],
    ),
    (
        "plain third of old",
        [https("a.test"), https("b.test", name="x"), http()],
        "1.24",
        ["https", "x"],
    ),
    (
        "after plain nothing more",
        [https("a.test"), http(), https("b.test", name="x")],
        "1.31",
        ["https", "http"],
    ),
]


@pytest.mark.parametrize(("servers", "release", "kept"), **named(SHARING))
def test_servers_share_a_port_as_far_as_istiod_lets_them(
    servers: Any, release: str, kept: list[str]
) -> None:
    found = [route_name(one) for one in chains(gateway(*servers), release=release)]
    names = {"http": "http.8443", "none": "none"}
    assert found == [names.get(one, f"https.8443.{one}.gw.default") for one in kept]


@pytest.mark.parametrize(("tls", "port"), [(None, 443), ({"httpsRedirect": True}, None)])
def test_the_default_port_of_a_redirect_is_the_servers(tls: Any, port: int | None) -> None:
    plain = http(**({"tls": tls} if tls else {}))
    found = pushed(gateway(plain), virtual_service([{"redirect": {"port": 443}}]))
    action = found.routes[0]["virtual_hosts"][0]["routes"][0]["redirect"]
    assert action.get("port_redirect") == port


SECRETS: list[tuple[Any, ...]] = [
    ("of Kubernetes", {"tls.crt": "Yw==", "tls.key": "aw=="}, True),
    ("generic", {"cert": "Yw==", "key": "aw=="}, True),
    ("half", {"tls.crt": "Yw=="}, False),
    ("empty", {"tls.crt": "Yw==", "tls.key": ""}, False),
]


@pytest.mark.parametrize(("data", "served"), **named(SECRETS))
def test_a_secret_is_served_if_it_has_both_halves(data: dict[str, str], served: bool) -> None:
    found = pushed(gateway(https(tls=CREDENTIAL)), secret(data)).secrets
    pair = {
        "certificate_chain": {"inline_bytes": "Yw=="},
        "private_key": {"inline_bytes": "aw=="},
    }
    expected = {"name": "kubernetes://shop", "tls_certificate": pair}
    assert found == ((expected,) if served else ())


@pytest.mark.parametrize("holder", ["shop", "shop-cacert"])
def test_the_root_of_a_credential_may_have_a_secret_of_its_own(holder: str) -> None:
    tls = CREDENTIAL | {"mode": "MUTUAL"}
    found = pushed(gateway(https(tls=tls)), secret({"ca.crt": "Yw=="}, holder)).secrets
    trusted = {"trusted_ca": {"inline_bytes": "Yw=="}}
    assert found == ({"name": "kubernetes://shop-cacert", "validation_context": trusted},)


def test_a_secret_of_another_namespace_or_that_nobody_asks_for_is_not_served() -> None:
    pair = {"tls.crt": "Yw==", "tls.key": "aw=="}
    elsewhere = secret(pair, namespace="default")
    assert pushed(gateway(https(tls=CREDENTIAL)), elsewhere, secret(pair, "other")).secrets == ()


def secret(data: dict[str, str], name: str = "shop", namespace: str = "istio-system") -> Any:
    return Document("v1", "Secret", name, namespace, {"type": "Opaque", "data": data})


REFUSED: list[tuple[Any, ...]] = [
    ("no tls", https() | {"tls": None}, "server must have TLS settings for HTTPS/TLS protocols"),
    (
        "no key",
        https(tls={"mode": "SIMPLE", "serverCertificate": "c"}),
        "SIMPLE TLS requires a private key",
    ),
    ("no certificate", https(tls={"mode": "MUTUAL"}), "MUTUAL TLS requires a server certificate"),
    ("no root", https(tls=SIMPLE | {"mode": "MUTUAL"}), "MUTUAL TLS requires a client CA bundle"),
    ("crl", https(tls=SIMPLE | {"caCrl": "c"}), "CRL is not supported with SIMPLE TLS"),
    ("http", http(tls=SIMPLE), "server cannot have TLS settings for plain text HTTP ports"),
]


@pytest.mark.parametrize(("server", "text"), **named(REFUSED))
def test_a_server_that_cannot_speak_is_refused(server: Any, text: str) -> None:
    assert text in refusal(gateway(server))


def test_ports_of_one_gateway_have_names_of_their_own() -> None:
    text = "port names in servers must be unique: duplicate name https"
    assert text in refusal(gateway(https("a.test"), https("b.test")))
