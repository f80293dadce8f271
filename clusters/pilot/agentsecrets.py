"""What pilot-agent does with certificates in files: it reads them and serves them by SDS.

Unlike the agent, this one does not look at a file again once it has been served.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos, tlssecrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import grpc

_SYSTEM = "system"
_SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def unreadable(names: Iterable[str]) -> tuple[str, ...]:
    """Return those secret names that stand for a file which cannot be read."""
    return tuple(name for name, paths in tlssecrets.files(names) if not all(map(_readable, paths)))


def serve(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
    """Answer one stream of SDS requests; a secret whose file cannot be read is left out."""
    sent: set[str] = set()
    for number, request in enumerate(requests, start=1):
        new = [name for name in request.resource_names if name not in sent]
        found = [_secret(name, paths) for name, paths in tlssecrets.files(new)]
        secrets = [one for one in found if one]
        if not secrets:
            continue
        sent |= {one["name"] for one in secrets}
        yield protos.DiscoveryResponse(
            version_info=str(number),
            type_url=protos.SDS,
            nonce=str(number),
            resources=[protos.pack(one, protos.SDS) for one in secrets],
        )


def _secret(name: str, paths: tuple[str, ...]) -> dict[str, Any] | None:
    if not all(map(_readable, paths)):
        return None
    texts = [{"inline_string": _path(one).read_text()} for one in paths]
    if len(texts) == 1:
        return {"name": name, "validation_context": {"trusted_ca": texts[0]}}
    certificate, key = texts
    pair = {"certificate_chain": certificate, "private_key": key}
    return {"name": name, "tls_certificate": pair}


def _readable(path: str) -> bool:
    try:
        _path(path).read_text()
    except (OSError, UnicodeDecodeError):
        return False
    return True


def _path(written: str) -> Path:
    if written != _SYSTEM:
        return Path(written)
    known = (ssl.get_default_verify_paths().cafile, *_SYSTEM_ROOTS)
    return next((Path(one) for one in known if one and Path(one).is_file()), Path(_SYSTEM_ROOTS[0]))
