"""How a gateway speaks TLS to a service, as a DestinationRule asks for it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import tlssecrets
from clusters.pilot.protos import TYPE_PREFIX

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

_CONTEXT = f"{TYPE_PREFIX}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_SYSTEM = "system"
_OF_THE_MESH = "ISTIO_MUTUAL"


def originates(tls: Mapping[str, Any]) -> bool:
    """Tell whether the settings ask for TLS at all."""
    return tls.get("mode") in ("SIMPLE", "MUTUAL", _OF_THE_MESH)


def is_of_the_mesh(tls: Mapping[str, Any]) -> bool:
    """Tell whether the settings ask for the mutual TLS of the mesh itself."""
    return tls.get("mode") == _OF_THE_MESH


def transport_socket(
    tls: Mapping[str, Any], *, http2: bool, behaviours: "Behaviours"
) -> dict[str, Any]:
    """Return the transport socket for the `tls` of a policy that originates TLS."""
    common: dict[str, Any] = {}
    if "upstream-tls-versions" in behaviours:
        common["tls_params"] = {
            "tls_minimum_protocol_version": "TLSv1_2",
            "tls_maximum_protocol_version": "TLSv1_3",
        }
    if is_of_the_mesh(tls):
        own = tlssecrets.of_the_mesh(tlssecrets.WORKLOAD)
        common["tls_certificate_sds_secret_configs"] = [own]
        known = {name: value for name, value in tls.items() if name != "caCrl"}
        common |= _validated(known, tlssecrets.of_the_mesh(tlssecrets.WORKLOAD_ROOT))
    elif tls.get("credentialName"):
        common |= _from_credential(tls)
    else:
        common |= _from_files(tls, behaviours)
    if is_of_the_mesh(tls):
        common["alpn_protocols"] = ["istio", "h2"] if http2 else ["istio"]
    elif http2:
        common["alpn_protocols"] = ["h2"]
    config: dict[str, Any] = {"@type": _CONTEXT, "common_tls_context": common}
    if tls.get("sni"):
        config["sni"] = tls["sni"]
    return {"name": "envoy.transport_sockets.tls", "typed_config": config}


def http_options(tls: Mapping[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    """Return the HTTP options that let the name of the request be the name asked for in TLS."""
    if is_of_the_mesh(tls) or tls.get("sni") or "sni-of-the-request" not in behaviours:
        return {}
    upstream = {"auto_sni": True}
    if not tls.get("subjectAltNames") and not tls.get("insecureSkipVerify"):
        upstream["auto_san_validation"] = True
    return {"upstream_http_protocol_options": upstream}


def _from_credential(tls: Mapping[str, Any]) -> dict[str, Any]:
    name, made = tls["credentialName"], {}
    if tls["mode"] == "MUTUAL":
        made["tls_certificate_sds_secret_configs"] = [tlssecrets.credential(name)]
    if tls.get("insecureSkipVerify"):
        return made
    root = tlssecrets.credential(name + tlssecrets.ROOT_OF_CREDENTIAL)
    return made | _validated(tls, root)


def _from_files(tls: Mapping[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    made: dict[str, Any] = {}
    if tls["mode"] == "MUTUAL":
        pair = tlssecrets.certificate_files(tls["clientCertificate"], tls["privateKey"])
        made["tls_certificate_sds_secret_configs"] = [pair]
    root = tls.get("caCertificates")
    if not root and "system-roots-by-default" in behaviours:
        root = _SYSTEM
    if not root or tls.get("insecureSkipVerify"):
        return made | {"validation_context": {}}
    return made | _validated(tls, tlssecrets.root_file(root))


def _validated(tls: Mapping[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if tls.get("subjectAltNames"):
        context["match_subject_alt_names"] = [{"exact": name} for name in tls["subjectAltNames"]]
    if tls.get("caCrl") and not tls.get("credentialName"):
        context["crl"] = {"filename": tls["caCrl"]}
    return {
        "combined_validation_context": {
            "default_validation_context": context,
            "validation_context_sds_secret_config": root,
        }
    }
