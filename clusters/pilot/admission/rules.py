"""The rules that Istio's CRDs state in CEL, each with the message it carries there."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from clusters.pilot import durations
from clusters.pilot.admission.schema import Check, Failure, broken
from clusters.pilot.wasm import address

_MILLISECOND = 1_000_000
_PORTS = range(1, 65536)
_PORT_NAME = re.compile("^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$")
_PORT_NAME_LENGTH = 63
_SOCKET = "unix://"
_GATEWAY = ("gateway.networking.k8s.io", "Gateway")
_SERVICE = (("core", "Service"), ("", "Service"))
_SERVICE_ENTRY = ("networking.istio.io", "ServiceEntry")


def _rule(message: str, holds: Callable[[Any], bool]) -> Check:
    def check(value: Any, name: str) -> Iterator[Failure]:
        if not holds(value):
            yield broken(name, value, message)

    return check


def one_way(message: str, *fields: str) -> Check:
    """At most one of the fields that say the same thing is there, even an empty one."""
    return _rule(message, lambda value: sum(field in value for field in fields) <= 1)


def kinds_of_target(*, with_service_entry: bool) -> Check:
    """A targetRef leads to one of the kinds that releases named in their CRDs for a while."""
    allowed = (*_SERVICE, _GATEWAY, *((_SERVICE_ENTRY,) if with_service_entry else ()))
    named = (
        "core/Service, networking.istio.io/ServiceEntry, gateway.networking.k8s.io/Gateway"
        if with_service_entry
        else "core/Service and gateway.networking.k8s.io/Gateway"
    )

    def check(value: Any, name: str) -> Iterator[Failure]:
        if "group" not in value:
            yield broken(
                name, value, f"no such key: group evaluating rule: Support kinds are {named}"
            )
        elif (value["group"], value.get("kind")) not in allowed:
            yield broken(name, value, f"Support kinds are {named}")

    return check


def _waypoint_in_its_context(match: Mapping[str, Any]) -> bool:
    return ("waypoint" in match) == (match.get("context") == "WAYPOINT")


def _known_scheme(url: str) -> bool:
    try:
        return address.scheme(url) in address.SCHEMES
    except address.InvalidAddress:
        return False


def _listed_once(ports: list[Mapping[str, Any]]) -> bool:
    numbers = [port.get("number") for port in ports]
    return len(set(numbers)) == len(numbers)


def _without_endpoints(spec: Mapping[str, Any]) -> bool:
    return spec.get("resolution", "NONE") != "NONE" or "endpoints" not in spec


def _single_endpoint(spec: Mapping[str, Any]) -> bool:
    return spec.get("resolution") != "DNS_ROUND_ROBIN" or len(spec.get("endpoints", [])) <= 1


def _port_names(ports: Mapping[str, Any]) -> bool:
    return all(len(name) < _PORT_NAME_LENGTH and _PORT_NAME.match(name) for name in ports)


def _no_ports_at_a_socket(endpoint: Mapping[str, Any]) -> bool:
    return not endpoint.get("address", "").startswith(_SOCKET) or "ports" not in endpoint


def _absolute(value: str) -> bool:
    return not value.startswith(_SOCKET) or value[len(_SOCKET) :][:1] in ("/", "@")


DURATION = _rule(
    "must be a valid duration greater than 1ms",
    lambda text: (durations.nanoseconds(text) or 0) >= _MILLISECOND,
)
PORT = _rule("port must be between 1-65535", lambda number: number in _PORTS)
SAME_NAMESPACE = _rule(
    "cross namespace referencing is not currently supported", lambda text: not text
)
NO_WILDCARD = _rule("wildcard is not supported in selector", lambda text: "*" not in text)
NO_WILDCARD_VALUE = _rule("wildcard not allowed in label value match", lambda text: "*" not in text)
NO_WILDCARD_KEY = _rule(
    "wildcard not allowed in label key match", lambda labels: not any("*" in key for key in labels)
)
NO_EMPTY_KEY = _rule("key must not be empty", lambda labels: "" not in labels)
WAYPOINT_MATCH = _rule(
    "only support waypointMatch when context is WAYPOINT", _waypoint_in_its_context
)
WASM_OR_LUA = _rule(
    "exactly one of wasm or lua must be set", lambda spec: ("wasm" in spec) != ("lua" in spec)
)
MODULE_URL = _rule("url must have schema one of [http, https, file, oci]", _known_scheme)
INLINE_VALUE = _rule(
    "value may only be set when valueFrom is INLINE",
    lambda one: one.get("valueFrom") != "HOST" or "value" not in one,
)
HOST = _rule("hostname cannot be wildcard", lambda host: host != "*")
PORTS_ONCE = _rule("port number cannot be duplicated", _listed_once)
NONE_WITHOUT_ENDPOINTS = _rule("NONE mode cannot set endpoints", _without_endpoints)
ROUND_ROBIN = _rule("DNS_ROUND_ROBIN mode cannot have multiple endpoints", _single_endpoint)
ADDRESS = _rule("Address is required", lambda one: "address" in one or "network" in one)
SOCKET_WITHOUT_PORTS = _rule("UDS may not include ports", _no_ports_at_a_socket)
SOCKET_PATH = _rule("UDS must be an absolute path or abstract socket", _absolute)
SOCKET_IS_NO_FOLDER = _rule(
    "UDS may not be a dir", lambda text: not (text.startswith(_SOCKET) and text.endswith("/"))
)
PORT_NAMES = _rule("port name must be valid", _port_names)
