"""Host names as Istio compares them: exact, `*.suffix` and `*`."""

from collections.abc import Iterable, Sequence

DOMAIN = "cluster.local"


def fully_qualified(host: str, namespace: str) -> str:
    """Return a host with the namespace a short name is resolved in; a dot or `*` needs none."""
    if "." in host or host == "*":
        return host
    return f"{host}.{namespace}.svc.{DOMAIN}"


def intersection(servers: Sequence[str], services: Sequence[str]) -> tuple[str, ...]:
    """Return the more specific of each pair of hosts that cover one another, without repeats."""
    found: dict[str, None] = {}
    for server in servers:
        for service in services:
            if _within(server, service):
                found[server] = None
            elif _within(service, server):
                found[service] = None
    return tuple(found)


def in_namespace(hosts: Iterable[str], namespace: str) -> tuple[str, ...]:
    """Return the hosts of a server that a VirtualService of this namespace may bind to."""
    made = []
    for host in hosts:
        owner, slash, name = host.rpartition("/")
        if not slash or owner == namespace:
            made.append(name)
    return tuple(made)


def sanitised(hosts: Iterable[str], namespace: str) -> tuple[str, ...]:
    """Return a server's hosts with `./h` made `<namespace>/h`, `*/h` made `h`, `*/*` made `*`."""
    made = []
    for host in hosts:
        owner, slash, name = host.partition("/")
        if owner == "*" and name == "*":
            return ("*",)
        if slash and owner == ".":
            made.append(f"{namespace}/{name}")
        else:
            made.append(name if slash and owner == "*" else host)
    return tuple(made)


def by_specificity(host: str) -> tuple[bool, int, str]:
    """Return the sorting key: exact before wildcard, then longest first, then alphabetical."""
    return host.startswith("*"), -len(host), host


def covers(pattern: str, host: str) -> bool:
    """Tell whether a host, itself perhaps a wildcard, lies within a pattern."""
    return _within(host, pattern)


def _within(host: str, other: str) -> bool:
    if other.startswith("*"):
        name = host.removeprefix("*")
        longer = len(host) >= len(other) if host.startswith("*") else True
        return longer and name.endswith(other[1:])
    return host == other
