"""What keeps the listeners that real istiod sends on loopback: a patch, and a refusal of the rest.

Done by a patch, listeners and routes keep their names, which a Gateway's `bind` would change.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import socket
from typing import TYPE_CHECKING, Any

from clusters.local.loopback import ADDRESS
from clusters.pilot import documents as istio_documents
from clusters.pilot.documents import NotBuilt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clusters.pilot.documents import Document

NAMESPACE = "istio-system"
#: The last of all patches: those before it see the ports that istiod gives, and an address that one
#: of them gave to a listener does not last.
PRIORITY = 2**31 - 1


def patch(listeners: Iterable[Mapping[str, Any]]) -> Document:
    """Return an EnvoyFilter that moves every listener of a gateway to loopback.

    Those given, which the gateway begins with, keep their port where it is free, on an address of
    the run's own: istiod compares a `portNumber` with the port that is there after this patch. All
    others get a free one.
    """
    address = _own_address()
    patches = [_patch({"context": "GATEWAY"}, ADDRESS, 0)]
    for listener in listeners:
        port = listener["address"]["socket_address"]["port_value"]
        if _is_free(address, port):
            match = {"context": "GATEWAY", "listener": {"name": listener["name"]}}
            patches.append(_patch(match, address, port))
    written = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "loopback", "namespace": NAMESPACE},
        "spec": {"priority": PRIORITY, "configPatches": patches},
    }
    (document,) = istio_documents.parse(json.dumps(written), source="the local place")
    return document


def check(listeners: Iterable[Mapping[str, Any]], documents: Iterable[Document]) -> None:
    """Raise NotBuilt for a listener that would be open to the network.

    `listeners` are those that istiod will make of the `documents` and the patch.
    """
    for listener in listeners:
        further = listener.get("additional_addresses", ())
        for one in (listener, *further):
            told = (one.get("address") or {}).get("socket_address")
            if told is not None and not _is_loopback(told.get("address", "")):
                raise NotBuilt(_beyond(listener.get("name", ""), told, documents))


def _patch(match: dict[str, Any], address: str, port: int) -> dict[str, Any]:
    value = {"address": {"socket_address": {"address": address, "port_value": port}}}
    return {
        "applyTo": "LISTENER",
        "match": match,
        "patch": {"operation": "MERGE", "value": value},
    }


def _own_address() -> str:
    """Return one of Linux's sixteen million loopback addresses, that hardly any other run has."""
    first, second, third = (secrets.randbelow(254) + 1 for _ in range(3))
    return f"127.{first}.{second}.{third}"


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET) as trial:
        try:
            trial.bind((address, port))
        except OSError:  # somebody listens on every address, or the port is for root only
            return False
    return True


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _beyond(name: str, address: Mapping[str, Any], documents: Iterable[Document]) -> str:
    patching = [
        f"{document.kind} {document.namespace}/{document.name}"
        for document in documents
        if document.kind == "EnvoyFilter"
        for one in document.spec.get("configPatches") or ()
        if one.get("applyTo") == "LISTENER"
    ]
    where = f"{address.get('address', '')}:{address.get('port_value', 0)}"
    return (
        f"listener {name} would listen at {where}, which is open to the network: real istiod is "
        "given documents as they are, and nothing here listens beyond loopback\n"
        f"likely cause: a LISTENER patch of {', '.join(dict.fromkeys(patching)) or 'a document'}\n"
        f"Hint: write the address {ADDRESS} there, or leave out --control-plane=istiod: the "
        "embedded control plane moves every listener to loopback"
    )
