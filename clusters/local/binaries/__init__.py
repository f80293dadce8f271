"""Where istiod, pilot-agent and Envoy come from: paths, PATH, the cache, images, a build."""

from clusters.local.binaries.executables import WrongBinary
from clusters.local.binaries.found import DEFAULT_HUB, Binaries, BinariesMissing, find

__all__ = ["DEFAULT_HUB", "Binaries", "BinariesMissing", "WrongBinary", "find"]
