"""What the destinations of a route must hold, in the words of Istio's webhook."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clusters.pilot import namevalidation
from clusters.pilot.portvalidation import number_errors

Destination = Mapping[str, Any] | None


def errors(routed: list[Mapping[str, Any]], others: Iterable[Destination] = ()) -> Iterator[str]:
    """Yield what istiod would refuse in weighted destinations, and in others beside them."""
    weights = [one.get("weight", 0) for one in routed]
    for weight in weights:
        if weight < 0:
            yield f"weight {weight} < 0"
    if len(routed) > 1 and not any(weights):
        yield "total destination weight = 0"
    for destination in (*(one.get("destination") for one in routed), *others):
        if destination is None:
            yield "destination is required"
            continue
        host, port = destination.get("host") or "", destination.get("port")
        if host == "*":
            yield "invalid destination host *"
        else:
            yield from namevalidation.host_errors(host)
        if destination.get("subset"):
            yield from namevalidation.subset_name_errors(destination["subset"])
        if port is not None:
            yield from number_errors(port.get("number", 0))
