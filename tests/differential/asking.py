"""A gateway's questions to an ADS server, and everything it is answered."""

from __future__ import annotations

import os
import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

import grpc

from clusters.pilot import protos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusters.pilot.node import Node

    #: Resources by type and name; of several with one name each but the first has a number.
    Resources = dict[str, dict[str, Any]]

SECONDS = 20.0
LDS, RDS, CDS, EDS, ECDS = "listeners", "routes", "clusters", "endpoints", "extensions"
URLS = {
    LDS: protos.LDS,
    CDS: protos.CDS,
    RDS: protos.RDS,
    EDS: protos.EDS,
    ECDS: protos.ECDS,
}
_TYPES = {url: name for name, url in URLS.items()}


class NotAnswered(Exception):
    """The control plane left a question open; the text says which."""


def named(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return resources by name; of several with one name each but the first has a number."""
    found: dict[str, Any] = {}
    for one in resources:
        name = one.get("name") or one.get("cluster_name") or ""
        same = sum(each == name or each.startswith(f"{name} #") for each in found)
        found[f"{name} #{same + 1}" if same else name] = one
    return found


def follow_up(kind: str, resources: dict[str, Any]) -> dict[str, list[str]]:
    """Return what a proxy asks for by name once it has these listeners or clusters."""
    if kind == LDS:
        routes = set(_values(resources, "route_config_name"))
        asked = {RDS: routes, ECDS: set(_extensions(resources))}
    elif kind == CDS:
        found = [one for one in resources.values() if one.get("type") == "EDS"]
        asked = {EDS: {_service_name(one) for one in found}}
    else:
        return {}
    return {kind: sorted(names) for kind, names in asked.items() if names}


def _service_name(cluster: dict[str, Any]) -> str:
    name: str = cluster.get("eds_cluster_config", {}).get("service_name") or cluster["name"]
    return name


def _values(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            yield value[key]
        for each in value.values():
            yield from _values(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each, key)


def _extensions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "config_discovery" in value and value.get("name"):
            yield value["name"]
        for each in value.values():
            yield from _extensions(each)
    elif isinstance(value, list):
        for each in value:
            yield from _extensions(each)


@contextmanager
def connection(address: str, node: Node) -> Iterator[Callable[[], tuple[Resources, int]]]:
    """Give a function that connects as `node` and returns all resources and the push's number."""
    with grpc.insecure_channel(address) as channel:
        yield lambda: _asked(channel, node)


def _asked(channel: grpc.Channel, node: Node) -> tuple[Resources, int]:
    outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    calls: Any = protos.ads(channel)(iter(outbox.get, None), timeout=SECONDS)  # type: ignore[call-arg]
    first = protos.DiscoveryRequest(type_url=protos.LDS)
    first.node.id = node.id
    first.node.metadata.update(dict(node.metadata))
    outbox.put(first)
    outbox.put(protos.DiscoveryRequest(type_url=protos.CDS))
    open_questions = {LDS, CDS}
    found: Resources = {}
    push = 0
    try:
        for response in calls:
            kind = _TYPES[response.type_url]
            open_questions.discard(kind)
            found[kind] = named([protos.unpack(one) for one in response.resources])
            push = int(response.version_info.rpartition("/")[2] or 0)
            outbox.put(
                protos.DiscoveryRequest(
                    type_url=response.type_url,
                    version_info=response.version_info,
                    response_nonce=response.nonce,
                )
            )
            for next_kind, names in follow_up(kind, found[kind]).items():
                open_questions.add(next_kind)
                outbox.put(protos.DiscoveryRequest(type_url=URLS[next_kind], resource_names=names))
            if not open_questions:
                return found, push
    except grpc.RpcError as error:
        raise NotAnswered(f"istiod did not answer {sorted(open_questions)}: {error}") from error
    finally:
        outbox.put(None)
        calls.cancel()
    raise NotAnswered(f"istiod ended the stream without {sorted(open_questions)}")
