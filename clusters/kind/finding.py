"""Which of the clusters that are there a run may use, and which of them nobody needs any more."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import apply, waiting
from clusters.existing import api, contexts, lease, leftovers
from clusters.kind import bringing_up, claims, lifetime, recipe
from clusters.kind.calls import CallFailed
from clusters.kind.errors import InUse, NotOurs
from clusters.kind.inside import Inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from clusters.kind.claims import Claim
    from clusters.kind.mark import Mark
    from clusters.kind.phases import Tell
    from clusters.kind.plan import Plan


@dataclass(frozen=True, slots=True)
class Found:
    """A cluster that is there and fits, held by this process."""

    claim: Claim
    mark: Mark


@contextmanager
def found(
    plan: Plan, there: Iterable[str], described: dict[str, str], tell: Tell
) -> Iterator[Found | None]:
    """Hold the cluster that an earlier run kept, if it was made from the same; else yield None.

    Where the user named it, or wants one that is kept, another one in its place raises InUse or
    NotOurs; otherwise a new one will do. Of this project's own, one that was never finished is
    deleted.
    """
    name = plan.kept_name
    if name not in there:
        yield None
        return
    with ExitStack() as stack:
        fitting = None
        try:
            claim = stack.enter_context(claims.claimed(name))
            mark = read_mark(plan.kind.path, claim)
            if mark is None or not mark.ready:
                if mark is None and claim.kept is None:
                    raise foreign(name)
                tell(f"  kind: {name} was never finished, and is made anew\n")
                lifetime.delete(plan.kind.path, claim)
                stack.close()
            else:
                _check(name, described, mark)
                claim.record(kept=True, whole=True)
                try:
                    _tidy(claim, tell)
                except (apply.KubeError, waiting.TimedOut) as error:
                    raise _silent(claim, error, _down(name)) from error
                fitting = Found(claim, mark)
                tell(f"  kind: {name} is there, made from the same\n")
        except (InUse, NotOurs) as error:
            if plan.named:
                raise
            tell(f"  kind: {str(error).splitlines()[0]}; a new one is made\n")
            stack.close()
        yield fitting


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
    except CallFailed as error:
        if claim.kept is not None and not claim.whole:
            return None  # this project began to make it
        raise _silent(claim, error, f"kind delete cluster --name {claim.name}") from error
    except apply.KubeError as error:
        raise _silent(claim, error, _down(claim.name)) from error


def _down(name: str) -> str:
    return f"python -m clusters kind down --cluster-name={name}"


def _silent(claim: Claim, error: Exception, how: str) -> NotOurs:
    return NotOurs(
        f"the cluster {claim.name} is there, and cannot be asked what it is\n"
        f"last seen: {str(error).splitlines()[0]}\n"
        "likely cause: its node was stopped, or is still starting\n"
        f"Hint: docker start {claim.name}-control-plane, or {how}"
    )


def foreign(name: str) -> NotOurs:
    """Return the error for a cluster that somebody else made."""
    return NotOurs(
        f"a cluster {name} is there, and this project did not make it; it was left alone\n"
        "Hint: --cluster-name=NAME for another one, or --cluster=existing "
        f"--kube-context=kind-{name} to use it as it is"
    )


def _check(name: str, asked: dict[str, str], mark: Mark) -> None:
    if others := recipe.differences(asked, mark.recipe):
        told = "\n".join(f"  {each}" for each in others)
        raise NotOurs(
            f"the cluster {name} was made from something else\n{told}\n"
            f"Hint: {_down(name)}, or another name"
        )


def _tidy(claim: Claim, tell: Tell) -> None:
    """Remove what killed runs left in a cluster that this process holds."""
    cluster = api.connect(contexts.Context(claim.kubeconfig, bringing_up.context(claim)))
    try:
        runs = leftovers.find(cluster, bringing_up.ROOT_NAMESPACE).runs
        for run in runs.values():
            # Who holds the cluster needs no sign of life of its runs, but others may be guests.
            guest = any(lease.alive(cluster, each) for each in run.leases)
            things = [thing for thing in run.things if thing.mine]
            if run.id != bringing_up.BY_HAND and things and not guest:
                leftovers.remove(cluster, things)
                tell(f"  kind: {len(things)} objects of the killed run {run.id} are removed\n")
    finally:
        cluster.close()


def sweep(kind: Path, there: Iterable[str], tell: Tell) -> list[str]:
    """Return which of the clusters are left when those of killed runs are deleted.

    What is known of clusters that are gone is forgotten.
    """
    left = list(there)
    for name in claims.names():
        try:
            with claims.claimed(name) as claim:
                if name not in left:
                    claim.forget()
                elif claim.kept is False:
                    lifetime.delete(kind, claim)
                    left.remove(name)
                    tell(f"  kind: the cluster {name} of a run that was killed is deleted\n")
        except InUse:
            continue
    return left
