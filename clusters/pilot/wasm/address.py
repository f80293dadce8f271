"""Module addresses as Go's net/url reads them, as far as a WasmPlugin meets it."""

import re

SCHEMES = ("", "file", "http", "https", "oci")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")
_HOST_CHARACTER = re.compile(r'[ "<>\\^`{|}]')
_PORT = re.compile(r":[0-9]*")


class InvalidAddress(ValueError):
    """An address that Go cannot read; the text is the webhook's."""


def scheme(text: str) -> str:
    """Return the scheme of an address, "" where Go sees none.

    As the webhook does: what is no URL is looked at with http:// in front, so that
    `registry.example/x:1` passes, while `localhost:5000/x` has the scheme `localhost`.
    Raises InvalidAddress.
    """
    wrong = _request_uri(text)
    if wrong is None:
        return _scheme(text)
    if _request_uri(f"http://{text}") is None:
        return "http"
    raise InvalidAddress(f'failed to parse url: parse "{text}": {wrong}')


def unreadable(text: str) -> str | None:
    """Return why istiod discards a plugin whose address passed the webhook, None if it does not."""
    return _request_uri(text) if _SCHEME.match(text) else None


def absolute(text: str) -> str:
    """Return the address that istiod sends: lower-case scheme, oci:// where there is none."""
    found = _SCHEME.match(text)
    if found is None:
        return f"oci://{text}"
    return found.group().lower() + text[found.end() :]


def local(text: str) -> str | None:
    """Return the path of a file:// address, None for any other."""
    return text.removeprefix("file://") if _scheme(text) == "file" else None


def _scheme(text: str) -> str:
    found = _SCHEME.match(text)
    return found.group().lower() if found else ""


def _request_uri(text: str) -> str | None:
    """Return why Go's url.ParseRequestURI refuses a text, None where it does not."""
    if _CONTROL.search(text):
        return "net/url: invalid control character in URL"
    found = _SCHEME.match(text)
    rest = text[found.end() + 1 :] if found else text
    if found is None and text.startswith(":"):
        return "missing protocol scheme"
    if not rest.startswith("/"):
        # With a scheme the rest is opaque: `localhost:5000/x` is the scheme `localhost`.
        return None if found else "invalid URI for request"
    if escape := _ESCAPE.search(rest):
        return f'invalid URL escape "{escape.group()}"'
    if not rest.startswith("//"):
        return None
    host = re.split(r"[/?]", rest[2:], maxsplit=1)[0].rpartition("@")[2]
    if character := _HOST_CHARACTER.search(host):
        return f'invalid character "{character.group()}" in host name'
    port = host[host.rindex(":") :] if ":" in host and not host.endswith("]") else ""
    if port and not _PORT.fullmatch(port):
        return f'invalid port "{port}" after host'
    return None
