"""How Go reads a URL, as pilot-agent does before it fetches.

Facts: net/url of Go; run: agents of 1.24.0 and the 1.31 line.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urlsplit, urlunsplit

_PATH = "/%:@!$&'()*+,;=~"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?P<port>.*)")


def fault(url: str) -> str:
    """Return Go's words about a URL that it cannot read, "" for one that it can."""
    reason = _reason(url)
    return f"parse {json.dumps(url, ensure_ascii=False)}: {reason}" if reason else ""


def asked(url: str) -> str:
    """Return a URL as Go asks for it: the scheme in small letters, nothing strange in the path."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=quote(parts.path, safe=_PATH)))


def _reason(url: str) -> str:
    if _CONTROL.search(url):
        return "net/url: invalid control character in URL"
    if url.startswith(":"):
        return "missing protocol scheme"
    if not _SCHEME.match(url):
        first = url.partition("/")[0].partition("?")[0]
        return "first path segment in URL cannot contain colon" if ":" in first else ""
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "missing ']' in host"
    port = _HOST.fullmatch(host)
    if port and port["port"] and not re.fullmatch(r":\d*", port["port"]):
        return f'invalid port "{port["port"]}" after host'
    return ""
