"""Which realms of a registry's challenge the agent refuses to ask for a token.

Facts: validateAllRealms in pkg/wasm/imagefetcher.go of Istio and its test table. Every realm of a
401 is looked at, also that of a Basic challenge, which is seldom a URL: such a registry is refused.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

_REALM = re.compile(r'realm="([^"]*)"')
#: Go's IsPrivate, IsLoopback and IsLinkLocalUnicast; Python's is_private means much more.
_REFUSED = tuple(
    ipaddress.ip_network(net)
    for net in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "fe80::/10",
    )
)


def refusal(challenges: Iterable[str]) -> str:
    """Return why the WWW-Authenticate lines are refused, "" if they are not."""
    for challenge in challenges:
        for realm in _REALM.findall(challenge):
            if reason := _reason(realm):
                return f"rejected unsafe bearer realm: {reason}"
    return ""


def _reason(realm: str) -> str:
    try:
        parts = urlsplit(realm)
        host = parts.hostname or ""
    except ValueError as error:
        return f"invalid realm URL: {error}"
    if parts.scheme not in ("http", "https"):
        return f'realm scheme "{parts.scheme}" not allowed'
    if not host:
        return "realm missing host"
    # As written: the agent compares letter by letter, Python gives the name in lower case.
    written = parts.netloc.rpartition("@")[2].partition(":")[0]
    if written == "metadata.google.internal":
        return "realm targets cloud metadata service"
    if written == "localhost":
        return "realm targets localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if any(address in network for network in _REFUSED if network.version == address.version):
        return "realm targets private/loopback/link-local IP"
    return ""
