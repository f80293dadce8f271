"""What names of hosts, and what is exported to, must look like, in the words of Istio's webhook."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

_LABEL = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
_FIRST_LABEL = re.compile(rf"\*|(\*-?)?({_LABEL.pattern})")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LONGEST = 255


def host_errors(host: str) -> Iterator[str]:
    """Yield what is wrong with a host that may begin with a wildcard."""
    if not host:
        yield "empty domain name not allowed"
        return
    if len(host) > _LONGEST:
        yield f'domain name "{host}" too long (max {_LONGEST})'
        return
    first, _, rest = host.partition(".")
    if not _FIRST_LABEL.fullmatch(first):
        yield f'domain name "{host}" invalid (label "{first}" invalid)'
    elif rest:
        yield from _label_errors(rest)


def _label_errors(name: str) -> Iterator[str]:
    labels = name.removesuffix(".").split(".")
    if labels[-1].isdigit():
        yield (
            f'domain name "{name}" invalid (top level domain "{labels[-1]}" cannot be all-numeric)'
        )
        return
    wrong = next((one for one in labels if not _LABEL.fullmatch(one)), None)
    if wrong is not None:
        yield f'domain name "{name}" invalid (label "{wrong}" invalid)'


def full_host_errors(host: str) -> Iterator[str]:
    """Yield what is wrong with a host without a wildcard."""
    if not host:
        yield "empty domain name not allowed"
    elif len(host) > _LONGEST:
        yield f'domain name "{host}" too long (max {_LONGEST})'
    else:
        yield from _label_errors(host)


def gateway_host_errors(host: str) -> Iterator[str]:
    """Yield what is wrong with a host of a Gateway, which may begin with a namespace."""
    namespace, slash, name = host.rpartition("/") if "/" not in host else host.partition("/")
    if slash and not (namespace and name):
        yield "config namespace and dnsName in host entry cannot be empty"
    if slash and namespace and namespace not in ("*", ".") and not _NAMESPACE.fullmatch(namespace):
        yield f'invalid namespace value "{namespace}" in host entry'
    if name != "*" and "." not in name:
        yield "short names (non FQDN) are not allowed"
    if not is_address(name):
        yield from host_errors(name)


def gateway_name_errors(names: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with names of Gateways; istiod looks no further than one without `/`."""
    for name in names:
        namespace, slash, short = name.partition("/")
        if not slash:
            yield from full_host_errors(name)
            return
        if not (namespace and short):
            yield "config namespace and gateway name cannot be empty"
        if not _NAMESPACE.fullmatch(namespace):
            yield f'invalid value for namespace: "{namespace}"'
        if not _NAMESPACE.fullmatch(short):
            yield f'invalid value for gateway name: "{short}"'


def gateway_name_warnings(names: Iterable[str]) -> Iterator[str]:
    """Yield what istiod warns about in names of Gateways."""
    for name in names:
        if "/" in name:
            continue
        if "." in name:
            short, namespace, *_ = name.split(".")
            yield (
                f'using legacy gatewayName format "{name}"; '
                f'prefer the <namespace>/<name> format: "{namespace}/{short}"'
            )
        return


def subset_name_errors(name: str) -> Iterator[str]:
    """Yield what is wrong with the name of a subset that a destination gives."""
    if not _NAMESPACE.fullmatch(name):
        yield f"subset name is invalid: {name}"


def overlap_errors(hosts: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong where one host of a virtual service takes in another."""
    known = tuple(hosts)
    for index, one in enumerate(known):
        for other in known[index + 1 :]:
            if _takes_in(one, other) or _takes_in(other, one):
                yield f"duplicate hosts in virtual service: {one} & {other}"


def _takes_in(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.startswith("*") and narrow.endswith(wide[1:]))


def export_errors(targets: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with an exportTo."""
    seen: set[str] = set()
    for one in targets:
        if one in seen:
            yield f"duplicate entries in exportTo for entry {one}"
        elif one not in (".", "*", "~") and not _NAMESPACE.fullmatch(one):
            yield "only .,*, or a valid DNS 1123 label is allowed as exportTo entry"
        seen.add(one)


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
