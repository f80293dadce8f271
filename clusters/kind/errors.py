"""How a kind cluster fails to come up; every text says what, why, and what to do."""

from __future__ import annotations

#: How `making` ends where a cluster of the name is there already; kind's own ends are 0 and 1.
NAME_TAKEN = 17


class KindError(Exception):
    """Base of what goes wrong with kind clusters."""


class ToolMissing(KindError):
    """Something that has to be on this machine is not: kind, istioctl, Docker, pytest-kind."""


class WrongTool(KindError):
    """A program is not what it should be, or of another release than was asked for."""


class TooOld(KindError):
    """A release of Istio whose istiod does not tell what its proxies refused."""


class PhaseFailed(KindError):
    """A step on the way to a gateway that answers went wrong, or took too long."""


class NotOurs(KindError):
    """A cluster of that name was not made by this project, or not for what is asked now."""


class InUse(KindError):
    """Another run works with the cluster."""


class NotDeleted(KindError):
    """A cluster of this run could not be deleted."""
