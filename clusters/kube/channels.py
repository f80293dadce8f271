"""How far one proxy is behind istiod, as istiod's page syncz tells: per type, sent and answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CDS, EDS, LDS, RDS, ECDS, SDS = "CDS", "EDS", "LDS", "RDS", "ECDS", "SDS"
_TYPES = {
    "envoy.config.cluster.v3.Cluster": CDS,
    "envoy.config.endpoint.v3.ClusterLoadAssignment": EDS,
    "envoy.config.listener.v3.Listener": LDS,
    "envoy.config.route.v3.RouteConfiguration": RDS,
    "envoy.config.core.v3.TypedExtensionConfig": ECDS,
    "envoy.extensions.transport_sockets.tls.v3.Secret": SDS,
}
#: A nonce is the version of a push, "2026-11-25T03:53:40Z/7", and a random part of this length.
_RANDOM = 36


class Untold(Exception):
    """istiod does not tell what this place goes by."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Messages of one type: the nonces of the last one sent and of the last one accepted.

    `error` are the proxy's words if it refused one and has accepted none since.
    """

    sent: str = ""
    acked: str = ""
    error: str = ""

    @property
    def number(self) -> int:
        """Return the number of the push that the last message belongs to, 0 of none."""
        number = self.sent[:-_RANDOM].rpartition("/")[2]
        return int(number) if number.isdigit() else 0

    @property
    def accepted(self) -> bool:
        """Tell whether the proxy accepted the last message."""
        return self.sent == self.acked


def of(page: Iterable[Mapping[str, Any]], proxy: str) -> dict[str, Channel] | None:
    """Return the channels of a proxy, "pod.namespace"; None if it is not connected there.

    Raises Untold for an istiod whose page does not tell what the proxy refused (before 1.23).
    """
    for each in page:
        if each.get("proxy") != proxy:
            continue
        if "resources" not in each and "listener_sent" in each:
            raise Untold(
                f"istiod {each.get('istio_version', '')} does not tell on its page syncz what a "
                "proxy refused, and no change could be followed\n"
                "Hint: a cluster with Istio 1.24 or later; --control-plane=istiod for others"
            )
        return {
            _TYPES.get(kind.rpartition("/")[2], kind): Channel(
                told.get("sent", ""), told.get("acked", ""), told.get("lastError", "")
            )
            for kind, told in each.get("resources", {}).items()
        }
    return None
