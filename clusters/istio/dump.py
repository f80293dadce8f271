"""istiod's own dump of what it has for a proxy, in the form in which Envoy writes the same."""

from __future__ import annotations

import re
from typing import Any

_CAPITAL = re.compile(r"(?<=[a-z0-9])[A-Z]")


def listeners(dump: Any) -> list[dict[str, Any]]:
    """Return the listener resources of a dump of type lds as istiod writes it."""
    found = _snake(dump).get("configs", [])
    return [one for one in found if one.get("@type", "").endswith(".listener.v3.Listener")]


def _snake(value: Any) -> Any:
    """Return JSON with the field names that Envoy itself writes; istiod writes them in camel."""
    if isinstance(value, list):
        return [_snake(each) for each in value]
    if isinstance(value, dict):
        return {_CAPITAL.sub(r"_\g<0>", key).lower(): _snake(each) for key, each in value.items()}
    return value
