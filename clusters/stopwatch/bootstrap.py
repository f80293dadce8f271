"""A static configuration of one proxy with every arm in it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from clusters import gate
from clusters.local.loopback import ADDRESS, bind_to_loopback
from clusters.pilot.listeners import HCM, HCM_TYPE, ROUTER
from clusters.pilot.protos import TYPE_PREFIX
from clusters.stopwatch import accesslog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from clusters.stopwatch.arms import Arm

APPLICATION = "application"
#: What the name of an arm's second listener ends with.
WAYS = "-ways"
BODY = "measured"
#: Answered at once on the worker's thread, so that a span is one uninterrupted run of it.
ANSWER = {"status": 200, "body": {"inline_string": BODY}}


def config(
    arms: Iterable[Arm], folder: Path, spans: tuple[str, str], *, ways: bool
) -> dict[str, Any]:
    """Return the bootstrap: a listener per arm whose log is `folder/<arm>.log`.

    With `ways` each arm that is the first of its copies has a second listener, `<arm>-ways`,
    before an application; the application is a listener of the same proxy at `folder/app`.
    """
    arms = list(arms)
    listeners = [
        _listener(arm, arm.name, folder, spans, {"direct_response": ANSWER}) for arm in arms
    ]
    clusters: list[dict[str, Any]] = []
    if ways:
        to_application = {"route": {"cluster": APPLICATION}}
        listeners += [
            _listener(arm, f"{arm.name}{WAYS}", folder, accesslog.WAYS, to_application)
            for arm in arms
            if arm.copy == 0
        ]
        listeners.append(_application(folder))
        clusters.append(_cluster(folder))
    return {
        "admin": {"address": {"socket_address": {"address": ADDRESS, "port_value": 0}}},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }


def _listener(
    arm: Arm, name: str, folder: Path, spans: tuple[str, str], action: dict[str, Any]
) -> dict[str, Any]:
    made = bind_to_loopback(copy.deepcopy(arm.listener)) | {"name": name}
    for chain in made["filter_chains"]:
        for network in chain["filters"]:
            if network["name"] == HCM:
                manager = network["typed_config"]
                manager.pop("rds", None)
                manager["route_config"] = _routes(action)
                manager["access_log"] = [accesslog.config(folder / f"{name}.log", spans)]
    for filters in gate.managers(made):
        router = next(each for each in filters if each["name"] == ROUTER)
        # The headers that a router adds for the application vary in length.
        router["typed_config"] |= {"suppress_envoy_headers": True}
    return made


def _routes(action: dict[str, Any]) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}} | action
    return {"name": "all", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]}


def _application(folder: Path) -> dict[str, Any]:
    router = {
        "name": ROUTER,
        "typed_config": {"@type": f"{TYPE_PREFIX}envoy.extensions.filters.http.router.v3.Router"},
    }
    manager = {
        "@type": HCM_TYPE,
        "stat_prefix": APPLICATION,
        "route_config": _routes({"direct_response": ANSWER}),
        "http_filters": [router],
    }
    chain = {"filters": [{"name": HCM, "typed_config": manager}]}
    return {"name": APPLICATION, "address": _pipe(folder), "filter_chains": [chain]}


def _cluster(folder: Path) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _pipe(folder)}}
    return {
        "name": APPLICATION,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": APPLICATION,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


def _pipe(folder: Path) -> dict[str, Any]:
    # A path, because a port that is free now need not be free when the proxy binds it.
    return {"pipe": {"path": str(folder / "app")}}
