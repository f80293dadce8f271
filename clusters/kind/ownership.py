"""Whose a cluster of a certain name is, asked before anything is done to it.

A name alone tells nothing: between two looks somebody may have deleted a cluster and made another.
What tells is the pair of ports that lead to the gateway. They are taken at random, are recorded
before kind is started, and belong to the node's container from its first moment.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from clusters import apply, waiting
from clusters.kind import bringing_up, lifetime
from clusters.kind.calls import CallFailed
from clusters.kind.errors import NotDeleted, NotOurs
from clusters.kind.inside import Inside
from clusters.kind.interrupts import deferred

if TYPE_CHECKING:
    from pathlib import Path

    from clusters.kind.claims import Claim
    from clusters.kind.engine import Engine
    from clusters.kind.mark import Mark

#: So long Docker may need to show a container that it was making when its maker was ended.
APPEARS_SECONDS = 1.0


class Whose(enum.Enum):
    """Whose a cluster is, by what this machine knows."""

    OURS = enum.auto()
    SOMEBODYS = enum.auto()
    NOBODYS = enum.auto()
    UNKNOWN = enum.auto()


def whose(kind: Path, claim: Claim, docker: Engine | None) -> Whose:
    """Tell whether the cluster that is there is the one of the record."""
    if docker is not None:
        nodes = docker.nodes(claim.name)
        if not nodes:
            return Whose.NOBODYS
        return Whose.OURS if all(node == claim.ports for node in nodes) else Whose.SOMEBODYS
    # Of another provider's nodes only the cluster itself can tell, if it came so far.
    try:
        mark = read_mark(kind, claim)
    except NotOurs:
        return Whose.UNKNOWN
    if mark is None:
        return Whose.UNKNOWN
    same = (mark.gateway_port, mark.spare_port) == claim.ports
    return Whose.OURS if same else Whose.SOMEBODYS


def of_this_project(kind: Path, claim: Claim, docker: Engine | None) -> bool:
    """Tell whether it is the cluster of the record, or carries this project's mark.

    Raises NotOurs where it does not answer.
    """
    return whose(kind, claim, docker) is Whose.OURS or read_mark(kind, claim) is not None


def undo(kind: Path, claim: Claim, docker: Engine | None) -> bool:
    """Delete what this run made under a name; return False where somebody else's is there now.

    Raises NotDeleted, and PhaseFailed where Docker does not answer.
    """
    with deferred():
        found = whose(kind, claim, docker)
        if found is Whose.NOBODYS and docker is not None and _appears(claim, docker):
            found = whose(kind, claim, docker)
        if found in (Whose.NOBODYS, Whose.SOMEBODYS):
            claim.forget()
            return found is Whose.NOBODYS
        try:
            lifetime.delete(kind, claim)
        except NotDeleted:
            # It may have failed after that, at the kubeconfig.
            if docker is None or docker.nodes(claim.name):
                raise
            claim.forget()
        return True


def _appears(claim: Claim, docker: Engine) -> bool:
    try:
        waiting.until(
            lambda: docker.nodes(claim.name),
            bool,
            what="a container that was being made",
            within=APPEARS_SECONDS,
            every=0.1,
        )
    except waiting.TimedOut:
        return False
    return True


def read_mark(kind: Path, claim: Claim) -> Mark | None:
    """Return the mark of a cluster that is there, None where it carries none.

    Raises NotOurs where it does not answer.
    """
    try:
        lifetime.export(kind, claim)
        inside = Inside(claim.kubeconfig, bringing_up.context(claim))
        try:
            return inside.mark()
        finally:
            inside.close()
    except (CallFailed, apply.KubeError) as error:
        if claim.kept is not None and not claim.whole:
            return None  # this project began to make one
        by_kind = f"kind delete cluster --name {claim.name}"
        how = by_kind if isinstance(error, CallFailed) else down(claim.name)
        raise silent(claim, error, how) from error


def down(name: str) -> str:
    """Return the command that deletes a cluster of this project."""
    return f"python -m clusters kind down --cluster-name={name}"


def silent(claim: Claim, error: Exception, how: str) -> NotOurs:
    """Return the error for a cluster that does not answer."""
    return NotOurs(
        f"the cluster {claim.name} is there, and cannot be asked what it is\n"
        f"last seen: {str(error).splitlines()[0]}\n"
        "likely cause: its node was stopped, or is still starting\n"
        f"Hint: docker start {claim.name}-control-plane, or {how}"
    )
