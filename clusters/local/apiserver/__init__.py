"""A Kubernetes API on loopback: as much of one as istiod and the kubernetes client use."""

from clusters.local.apiserver.server import ApiServer, serving

__all__ = ["ApiServer", "serving"]
