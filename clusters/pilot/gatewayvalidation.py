"""What a Gateway must hold, in the words of Istio's webhook."""

from collections.abc import Iterator, Mapping
from typing import Any

from clusters.pilot import namevalidation
from clusters.pilot.portvalidation import number_errors
from clusters.pilot.traffickinds import PLAIN_HTTP

_SUPPORTED = "HTTP, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP"
_CERTIFICATES = ("caCrl", "serverCertificate", "privateKey", "caCertificates", "credentialName")
_WITH_CERTIFICATE = {"SIMPLE": "SIMPLE", "MUTUAL": "MUTUAL", "OPTIONAL_MUTUAL": "MUTUAL"}


def errors(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield what istiod would refuse in a Gateway."""
    if not spec.get("servers"):
        yield "gateway must have at least one server"
    seen: set[str] = set()
    for server in spec.get("servers") or []:
        port = server.get("port") or {}
        yield from _port(server.get("port"))
        if not server.get("hosts"):
            yield "server config must contain at least one host"
        for host in server.get("hosts") or []:
            yield from namevalidation.gateway_host_errors(host)
        if server.get("bind") and not namevalidation.is_address(server["bind"]):
            yield f"{server['bind']} is not a valid IP"
        if server.get("tls") is not None:
            yield from _tls(server["tls"])
        yield from _fits(server, port)
        name = port.get("name") or ""
        if name in seen:
            yield f"port names in servers must be unique: duplicate name {name}"
        seen.add(name)


def _port(port: Mapping[str, Any] | None) -> Iterator[str]:
    if port is None:
        yield "port is required"
        return
    if not port.get("protocol"):
        yield f'invalid protocol "", supported protocols are {_SUPPORTED}'
    yield from number_errors(port.get("number", 0))
    if not port.get("name"):
        written = f'number:{port.get("number", 0)} protocol:"{port.get("protocol", "")}"'
        yield f"port name must be set: {written}"


def warnings(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield what istiod warns about in a Gateway that it accepts."""
    for server in spec.get("servers") or []:
        protocol = str((server.get("port") or {}).get("protocol") or "").upper()
        if (server.get("tls") or {}).get("httpsRedirect") and protocol in ("HTTPS", "TLS"):
            yield "tls.httpsRedirect should only be used with http servers"
        tls = server.get("tls") or {}
        mode = tls.get("mode") or "PASSTHROUGH"
        if mode == "PASSTHROUGH" and any(tls.get(one) for one in _CERTIFICATES):
            yield f"{mode} mode does not use certificates, they will be ignored"


def _fits(server: Mapping[str, Any], port: Mapping[str, Any]) -> Iterator[str]:
    protocol, tls = str(port.get("protocol") or "").upper(), server.get("tls")
    if protocol in ("HTTPS", "TLS"):
        if tls is None:
            yield "server must have TLS settings for HTTPS/TLS protocols"
    elif tls is not None and protocol not in PLAIN_HTTP:
        yield "server cannot have TLS settings for non HTTPS/TLS ports"
    elif tls is not None:
        given = any(tls.get(one) for one in ("caCertificates", "privateKey", "serverCertificate"))
        if given or tls.get("mode", "PASSTHROUGH") not in ("PASSTHROUGH", "AUTO_PASSTHROUGH"):
            yield "server cannot have TLS settings for plain text HTTP ports"


def _tls(tls: Mapping[str, Any]) -> Iterator[str]:
    mode = _WITH_CERTIFICATE.get(tls.get("mode") or "")
    if mode is None or tls.get("credentialName"):
        return
    if mode == "MUTUAL" and not tls.get("caCertificates"):
        yield "MUTUAL TLS requires a client CA bundle"
    if not tls.get("serverCertificate"):
        yield f"{mode} TLS requires a server certificate"
    if not tls.get("privateKey"):
        yield f"{mode} TLS requires a private key"
    if tls.get("caCrl") and mode == "SIMPLE":
        yield "CRL is not supported with SIMPLE TLS"
