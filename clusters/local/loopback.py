"""The one thing the local place changes in what Istio generates: where listeners bind."""

from __future__ import annotations

from typing import Any


def bind_to_loopback(listener: dict[str, Any]) -> dict[str, Any]:
    """Return the listener under its own name, bound to a free loopback port.

    Istio binds 0.0.0.0 at the gateway's port; here nothing may listen beyond this machine, and
    runs side by side may not collide. Envoy keeps the port as long as the name stays.
    """
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return listener | {"address": address}
