"""Loopback: that it is there, and the one thing the local place changes in what Istio generates."""

from __future__ import annotations

import socket
from typing import Any

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


def bind_to_loopback(listener: dict[str, Any]) -> dict[str, Any]:
    """Return the listener under its own name, bound to a free loopback port.

    Istio binds 0.0.0.0 at the gateway's port; here nothing may listen beyond this machine, and
    runs side by side may not collide. Envoy keeps the port as long as the name stays.
    """
    return listener | {"address": {"socket_address": {"address": ADDRESS, "port_value": 0}}}
