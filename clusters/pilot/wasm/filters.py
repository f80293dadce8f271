"""Where extensions land: the filters that ask for them, in the listeners of a gateway."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from clusters.pilot.listeners import HCM
from clusters.pilot.protos import TYPE_PREFIX
from clusters.pilot.wasm.attachment import why_not_on

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.wasm.extension import Extension

LUA = f"{TYPE_PREFIX}envoy.extensions.filters.http.lua.v3.Lua"
Resource = dict[str, Any]


def type_url(kind: str, *, network: bool) -> str:
    """Return the type URL of the "wasm" or "rbac" filter for HTTP or for connections."""
    name = {"wasm": "Wasm", "rbac": "RBAC"}[kind]
    return f"{TYPE_PREFIX}envoy.extensions.filters.{_layer(network)}.{kind}.v3.{name}"


def placed(
    listener: Mapping[str, Any], extensions: Sequence["Extension"], behaviours: "Behaviours"
) -> Resource:
    """Return a generated listener with the extensions that match its port.

    They come before every other HTTP filter that is built; those for connections before the
    network filters of the first chain only, as istiod hands each out once.
    """
    made = deepcopy(dict(listener))
    here = [one for one in extensions if why_not_on(one, port(made)) is None]
    network = [_filter(one, behaviours) for one in here if one.network]
    for chain in made["filter_chains"]:
        for manager in _managers(chain):
            http = [_filter(one, behaviours) for one in here if not one.network]
            manager["http_filters"] = [*http, *manager["http_filters"]]
        chain["filters"] = [*network, *chain["filters"]]
        network = []
    return made


def port(listener: Mapping[str, Any]) -> int:
    """Return the port that Envoy listens on."""
    number: int = listener["address"]["socket_address"]["port_value"]
    return number


def places(name: str, listeners: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield where a filter of this name stands in listeners, in words."""
    for listener in listeners:
        for chain in listener.get("filter_chains", ()):
            lists = [("network", chain.get("filters", []))]
            lists += [("HTTP", manager.get("http_filters", [])) for manager in _managers(chain)]
            for layer, filters in lists:
                names = [one.get("name", "") for one in filters]
                if name in names:
                    at = f"is {layer} filter {names.index(name) + 1} of {len(names)}"
                    yield f"{at} ({', '.join(names)}) in listener {listener['name']}"


def _managers(chain: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for one in chain["filters"]:
        if one["name"] == HCM and "http_filters" in one.get("typed_config", {}):
            yield one["typed_config"]


def _filter(one: "Extension", behaviours: "Behaviours") -> Resource:
    if one.lua:
        source = {"inline_string": one.lua}
        return {"name": one.name, "typed_config": {"@type": LUA, "default_source_code": source}}
    kinds = ["wasm", "rbac"] if "wasm-allows-rbac" in behaviours else ["wasm"]
    return {
        "name": one.name,
        "config_discovery": {
            "config_source": {
                "ads": {},
                # The listener waits: a plugin may be what guards it.
                "initial_fetch_timeout": "0s",
                "resource_api_version": "V3",
            },
            "type_urls": [type_url(kind, network=one.network) for kind in kinds],
        },
    }


def _layer(network: bool) -> str:
    return "network" if network else "http"
