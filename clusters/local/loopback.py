"""Loopback: that it is there, and the one thing the local place changes in what Istio generates."""

from __future__ import annotations

import socket
import sys
import zlib
from typing import Any

from clusters.pilot.documents import NotBuilt

#: Never the name `localhost`: machines resolve it to ::1, to nothing, or to something else.
ADDRESS = "127.0.0.1"


class NoLoopback(Exception):
    """This machine has no IPv4 loopback address that can be listened on."""


def check() -> None:
    """Raise NoLoopback, with the cause and a command, unless 127.0.0.1 can be listened on."""
    try:
        with socket.socket(socket.AF_INET) as trial:
            trial.bind((ADDRESS, 0))
            trial.listen()
            with socket.create_connection(trial.getsockname(), timeout=1):
                pass
    except OSError as error:
        raise NoLoopback(
            f"{ADDRESS} cannot be listened on and reached: {error}\n"
            "likely cause: IPv4 is switched off, or the loopback interface is down\n"
            "Hint: ip link set lo up && ip addr add 127.0.0.1/8 dev lo"
        ) from error


def address_for(listener: str) -> str:
    """Return a loopback address for a listener beside the gateway's own, by its name.

    Envoy gives a new listener the sockets of a draining one that has its address and port, port 0
    too, and with them the connections that were meant for the other one's successor. Systems other
    than Linux have one loopback address only.
    """
    if not sys.platform.startswith("linux"):
        return ADDRESS
    name = zlib.crc32(listener.encode())
    return f"127.{name >> 16 & 0x7F | 0x80}.{name >> 8 & 0xFF}.{name & 0x7F | 0x01}"


def bind_to_loopback(listener: dict[str, Any], address: str = ADDRESS) -> dict[str, Any]:
    """Return the listener under its own name, bound to a free port of a loopback address.

    Istio binds 0.0.0.0 at the gateway's port; here nothing may listen beyond this machine, and
    runs side by side may not collide. Envoy keeps the port as long as the name stays. Raises
    NotBuilt for a listener that is no TCP socket, which a patch may add.
    """
    addresses = [
        listener.get("address") or {},
        *(one.get("address") or {} for one in listener.get("additional_addresses", ())),
    ]
    for one in addresses:
        _check_tcp(listener, one)
    made = listener | {"address": _free_port(address)}
    if "additional_addresses" in listener:
        made["additional_addresses"] = [
            one | {"address": _free_port(address)} for one in listener["additional_addresses"]
        ]
    return made


def _check_tcp(listener: dict[str, Any], address: dict[str, Any]) -> None:
    socket_address = address.get("socket_address") or {}
    others = ("pipe", "envoy_internal_address")
    other: str | None = next((one for one in others if one in address), None)
    if "api_listener" in listener:
        other = "api_listener"
    if "udp_listener_config" in listener or socket_address.get("protocol") == "UDP":
        other = "UDP (QUIC)"
    if other:
        raise NotBuilt(
            f"listener {listener.get('name') or '(no name)'} listens by {other}; the local place "
            "keeps every listener on loopback and knows TCP only. "
            "Hint: give it a socket_address, or leave the patch out"
        )


def _free_port(address: str) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": 0}}
