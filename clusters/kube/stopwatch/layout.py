"""The documents of one session: every arm a listener of its own in the gateway's one proxy.

A client comes in by the gateway's port as ever, and asks for an arm by its host name. The proxy
leads it on to itself: to the arm's listener, whose access log tells how long the arm took. So no
port of the gateway has to be reachable but the one that is, and all arms share one process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from clusters import rendering
from clusters.pilot.listeners import HCM, HCM_TYPE
from clusters.stopwatch import accesslog, bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusters.kube.stopwatch.arms import PodArm

#: Listeners of one session never had the ports of another: what drains is not met again.
FIRST_PORT = 21000
#: The pod's own loopback, but not the address that documents of suites have for this machine.
INSIDE = "127.0.0.2"
#: What the suites' documents call the gateway that clients reach.
FRONT = "bookinfo-gateway"
LOG = "/dev/stdout"
NETWORKING = "networking.istio.io/v1alpha3"


@dataclass(frozen=True, slots=True)
class Listener:
    """Where an arm is in a session: its port in the proxy, and the name it is asked by."""

    arm: PodArm
    port: int
    host: str

    @property
    def label(self) -> str:
        """Return what its lines in the log begin with, before the name of the arm."""
        return f"stopwatch {self.host}"


def listeners(arms: Sequence[PodArm], *, run: str, number: int) -> tuple[Listener, ...]:
    """Return the listeners of the session with this number, counted over a whole run."""
    first = FIRST_PORT + number * len(arms)
    return tuple(
        Listener(arm, first + at, f"{arm.name}.{run}-{number}.stopwatch.example")
        for at, arm in enumerate(arms)
    )


def render(where: Sequence[Listener], name: str, *, logged: bool = True) -> str:
    """Return the YAML of a session; all its objects have a name that begins with `name`.

    Only where it is `logged` does the proxy's log tell of each request to an arm.
    """
    inside = f"{name}.stopwatch.internal"
    ports = [
        {"number": each.port, "name": f"http-{each.port}", "protocol": "HTTP"} for each in where
    ]
    gateway = {
        "selector": {"istio": "ingressgateway"},
        "servers": [{"port": port, "hosts": ["*"]} for port in ports],
    }
    answer = {"status": 200, "body": {"string": bootstrap.BODY}}
    entry = {
        "hosts": [inside],
        "location": "MESH_EXTERNAL",
        "resolution": "STATIC",
        "ports": ports,
        "endpoints": [{"address": INSIDE}],
    }
    front = {
        "hosts": [each.host for each in where],
        "gateways": [FRONT],
        "http": [
            {
                "match": [{"authority": {"exact": each.host}}],
                "route": [{"destination": {"host": inside, "port": {"number": each.port}}}],
            }
            for each in where
        ],
    }
    answers = {"hosts": ["*"], "gateways": [name], "http": [{"directResponse": answer}]}
    documents = [
        _document("Gateway", name, gateway),
        _document("VirtualService", name, answers),
        _document("ServiceEntry", name, entry),
        _document("VirtualService", f"{name}-front", front),
        # After the routes, so that no listener of an arm is there without its log and its filter.
        _document(
            "EnvoyFilter", name, {"configPatches": _patches(where, name, logged)}, "istio-system"
        ),
    ]
    return yaml.safe_dump_all(documents, sort_keys=False, width=math.inf)


def _patches(where: Sequence[Listener], name: str, logged: bool) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for each in where:
        if logged:
            made.append(_patch(each, "NETWORK_FILTER", "MERGE", _logged(each)))
        if each.arm.native is not None:
            made.append(_patch(each, "HTTP_FILTER", "INSERT_BEFORE", dict(each.arm.native)))
        if each.arm.module is not None:
            url, sha256, configuration = each.arm.module
            own = f"{name}-{each.arm.name}"
            text = rendering.render(
                url, configuration, name=own, sha256=sha256, vm_id=own, port=each.port
            )
            for document in yaml.safe_load_all(text):
                made += document["spec"]["configPatches"]
    return made


def _patch(each: Listener, kind: str, operation: str, value: dict[str, Any]) -> dict[str, Any]:
    listener = {"portNumber": each.port, "filterChain": {"filter": {"name": HCM}}}
    return {
        "applyTo": kind,
        "match": {"context": "GATEWAY", "listener": listener},
        "patch": {"operation": operation, "value": value},
    }


def _logged(each: Listener) -> dict[str, Any]:
    log = accesslog.config(LOG, accesslog.WHOLE, label=each.label)
    return {"name": HCM, "typed_config": {"@type": HCM_TYPE, "access_log": [log]}}


def _document(
    kind: str, name: str, spec: dict[str, Any], namespace: str = "default"
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": NETWORKING, "kind": kind, "metadata": metadata, "spec": spec}
