"""The Secrets that istiod hands a gateway for a credentialName (SDS over ADS)."""

import base64
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot.tlssecrets import CREDENTIAL, ROOT_OF_CREDENTIAL

if TYPE_CHECKING:
    from clusters.pilot.documents import Document

_PAIRS = (("cert", "key"), ("tls.crt", "tls.key"))
_ROOTS = ("cacert", "ca.crt")


def served(
    names: Iterable[str], documents: Iterable["Document"], namespace: str
) -> tuple[dict[str, Any], ...]:
    """Return Envoy's Secrets for those names that stand for a Secret of the gateway's namespace.

    A name without a Secret that holds what it asks for is left out: istiod sends nothing then.
    """
    secrets = {
        one.name: _content(one)
        for one in documents
        if one.kind == "Secret" and one.namespace == namespace
    }
    found = (_secret(name, secrets) for name in dict.fromkeys(names) if name.startswith(CREDENTIAL))
    return tuple(one for one in found if one)


def _secret(name: str, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Any] | None:
    wanted = name.removeprefix(CREDENTIAL)
    if wanted.endswith(ROOT_OF_CREDENTIAL):
        # The root may have a Secret of its own, which goes before the one with the key.
        for holder in (wanted, wanted.removesuffix(ROOT_OF_CREDENTIAL)):
            for key in _ROOTS:
                if secrets.get(holder, {}).get(key):
                    root = {"inline_bytes": secrets[holder][key]}
                    return {"name": name, "validation_context": {"trusted_ca": root}}
        return None
    content = secrets.get(wanted, {})
    for certificate, key in _PAIRS:
        if content.get(certificate) and content.get(key):
            pair = {
                "certificate_chain": {"inline_bytes": content[certificate]},
                "private_key": {"inline_bytes": content[key]},
            }
            return {"name": name, "tls_certificate": pair}
    return None


def _content(secret: "Document") -> dict[str, str]:
    """Return what a Secret holds, each value in base64; stringData goes before data."""
    plain = secret.spec.get("stringData") or {}
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
    return dict(secret.spec.get("data") or {}) | encoded
