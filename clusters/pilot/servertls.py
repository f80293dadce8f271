"""How a Gateway's server ends TLS, as Envoy's transport socket (istio.md section 2.2)."""

from collections.abc import Mapping
from typing import Any

from clusters.pilot import tlssecrets
from clusters.pilot.protos import TYPE_PREFIX

_CONTEXT = f"{TYPE_PREFIX}envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
_VERSIONS = {
    "TLSV1_0": "TLSv1_0",
    "TLSV1_1": "TLSv1_1",
    "TLSV1_2": "TLSv1_2",
    "TLSV1_3": "TLSv1_3",
}
_ASKS_FOR_CERTIFICATE = ("MUTUAL", "OPTIONAL_MUTUAL")


def transport_socket(tls: Mapping[str, Any]) -> dict[str, Any]:
    """Return the transport socket for the `tls` of a server with the protocol HTTPS."""
    common: dict[str, Any] = {"alpn_protocols": ["h2", "http/1.1"]}
    parameters = _parameters(tls)
    if parameters:
        common["tls_params"] = parameters
    common |= _from_credential(tls) if tls.get("credentialName") else _from_files(tls)
    config = {
        "@type": _CONTEXT,
        "common_tls_context": common,
        "require_client_certificate": tls.get("mode") == "MUTUAL",
    }
    return {"name": "envoy.transport_sockets.tls", "typed_config": config}


def _from_credential(tls: Mapping[str, Any]) -> dict[str, Any]:
    name = tls["credentialName"]
    made: dict[str, Any] = {"tls_certificate_sds_secret_configs": [tlssecrets.credential(name)]}
    if tls.get("mode") in _ASKS_FOR_CERTIFICATE:
        context = _subjects(tls)
        for field, theirs in (
            ("verifyCertificateSpki", "verify_certificate_spki"),
            ("verifyCertificateHash", "verify_certificate_hash"),
        ):
            if tls.get(field):
                context[theirs] = tls[field]
        root = tlssecrets.credential(name + tlssecrets.ROOT_OF_CREDENTIAL)
        return made | _validated(context, root)
    subjects = _subjects(tls)
    return made | ({"validation_context": subjects} if subjects else {})


def _from_files(tls: Mapping[str, Any]) -> dict[str, Any]:
    certificate = tlssecrets.certificate_files(tls["serverCertificate"], tls["privateKey"])
    made: dict[str, Any] = {"tls_certificate_sds_secret_configs": [certificate]}
    if tls.get("mode") not in _ASKS_FOR_CERTIFICATE:
        return made
    context = _subjects(tls)
    if tls.get("caCrl"):
        context["crl"] = {"filename": tls["caCrl"]}
    return made | _validated(context, tlssecrets.root_file(tls["caCertificates"]))


def _validated(context: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    return {
        "combined_validation_context": {
            "default_validation_context": context,
            "validation_context_sds_secret_config": root,
        }
    }


def _subjects(tls: Mapping[str, Any]) -> dict[str, Any]:
    names = tls.get("subjectAltNames") or []
    return {"match_subject_alt_names": [{"exact": name} for name in names]} if names else {}


def _parameters(tls: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field, theirs in (
        ("minProtocolVersion", "tls_minimum_protocol_version"),
        ("maxProtocolVersion", "tls_maximum_protocol_version"),
    ):
        if tls.get(field, "TLS_AUTO") != "TLS_AUTO":
            made[theirs] = _VERSIONS[tls[field]]
    if tls.get("cipherSuites"):
        made["cipher_suites"] = list(dict.fromkeys(tls["cipherSuites"]))
    return made
