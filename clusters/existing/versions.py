"""Which Istio really runs: asked of istiod and of the gateway's proxies themselves."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import release as releases
from clusters.kube.forwarding import Connection
from clusters.local.binaries import pins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clusters.existing.pods import Pod
    from clusters.kube.forwarding import Forwarding
    from clusters.release import Release

ADMIN, MONITORING = 15000, 15014
SECONDS = 10.0
#: What /version of istiod puts behind its version: a revision of the sources, and their state.
_BUILD = re.compile(r"-[0-9a-f]{7,40}(-\w+)?$|-unknown(-\w+)?$")
_MINOR = re.compile(r"\d+\.\d+")


class NotTold(Exception):
    """A pod did not say which version it is."""


class AnotherRelease(ValueError):
    """The cluster runs another release than the one asked for, or one that nobody knows here."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What runs, each version once: of istiod, of the gateway's agents, of its Envoys."""

    istiod: tuple[str, ...]
    proxies: tuple[str, ...]
    envoys: tuple[str, ...]


def read(forwarding: Forwarding, istiod: Iterable[Pod], gateway: Iterable[Pod]) -> Versions:
    """Return the versions of running pods; raises NotTold."""
    servers = [_answer(forwarding, pod, ADMIN, "/server_info") for pod in gateway]
    try:
        told = [json.loads(one) for one in servers]
        agents = [str(one["node"]["metadata"]["ISTIO_VERSION"]) for one in told]
        envoys = [str(one["version"]).split("/")[1] for one in told]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise NotTold(
            "the gateway's proxy does not say which version it is: its /server_info has no "
            f"{error}\nlast seen: {servers[0][:300]!r}"
        ) from error
    asked = [_answer(forwarding, pod, MONITORING, "/version") for pod in istiod]
    return Versions(
        istiod=_once(_BUILD.sub("", one.decode("utf-8", "replace").strip()) for one in asked),
        proxies=_once(agents),
        envoys=_once(envoys),
    )


def _once(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def _answer(forwarding: Forwarding, pod: Pod, port: int, path: str) -> bytes:
    connection = Connection(forwarding, pod.namespace, pod.name, port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotTold(
            f"the pod {pod.namespace}/{pod.name} did not answer on its port {port}: {error}\n"
            f"Hint: kubectl -n {pod.namespace} port-forward {pod.name} {port}, "
            f"then curl http://127.0.0.1:{port}{path}"
        ) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise NotTold(
            f"the pod {pod.namespace}/{pod.name} answered {path} on its port {port} with "
            f"{answer.status}: {body[:200]!r}"
        )
    return body


def release(asked: str, found: Versions, context: str, *, allow_version_skew: bool) -> Release:
    """Return the release whose rules count: the one asked for, for "latest" the one that runs.

    Raises AnotherRelease unless every istiod is of it, or `allow_version_skew`.
    """
    if asked == releases.LATEST:
        return _of(found.istiod, context)
    wanted = releases.find(asked)
    if allow_version_skew or all(pins.matches(wanted, version) for version in found.istiod):
        return wanted
    minor = _MINOR.match(found.istiod[0])
    raise AnotherRelease(
        f"Istio {asked} was asked for, and {context} runs istiod {', '.join(found.istiod)} "
        f"(gateway: {', '.join(found.proxies)})\n"
        "likely cause: the release has to be the cluster's own, or what is expected is another's\n"
        f"Hint: --istio={minor[0] if minor else releases.LATEST}, or --allow-version-skew to "
        f"expect of it what {asked} does"
    )


def _of(running: Sequence[str], context: str) -> Release:
    minors = _once(found[0] for one in running if (found := _MINOR.match(one)))
    known = [one for one in releases.KNOWN if one.name in minors]
    if len(minors) == len(known) == 1:
        return known[0]
    names = ", ".join(one.name for one in releases.KNOWN)
    raise AnotherRelease(
        f"it cannot be told whose rules count in {context}: its istiod is {', '.join(running)}, "
        f"and known releases are {names}\n"
        "Hint: --istio=RELEASE --allow-version-skew"
    )
