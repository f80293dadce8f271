"""What a port must hold, whether a Gateway's or a service's."""

from collections.abc import Iterator, Mapping
from typing import Any

_HIGHEST_PORT = 65535


def port_errors(what: str, port: Mapping[str, Any]) -> Iterator[str]:
    """Yield what istiod would refuse in a port; `what` is how the text calls it."""
    number = port.get("number", 0)
    if not 1 <= number <= _HIGHEST_PORT:
        yield f"{what} number {number} must be in the range 1..65535"
    for field in ("name", "protocol"):
        if not port.get(field):
            yield f"{what} must have a {field}"
