"""Which of the clusters that are there a run may use, and which of them nobody needs any more."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import apply, waiting
from clusters.existing import api, contexts, lease, leftovers
from clusters.kind import bringing_up, claims, lifetime, ownership, recipe
from clusters.kind.errors import InUse, NotOurs
from clusters.kind.ownership import Whose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from clusters.kind.claims import Claim
    from clusters.kind.engine import Engine
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
    plan: Plan,
    there: Iterable[str],
    described: dict[str, str],
    docker: Engine | None,
    tell: Tell,
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
            mark = ownership.read_mark(plan.kind.path, claim)
            if mark is None or not mark.ready:
                if mark is None and not _is_ours(plan.kind.path, claim, docker):
                    raise lifetime.foreign(name)
                tell(f"  kind: {name} was never finished, and is made anew\n")
                lifetime.delete(plan.kind.path, claim)
                stack.close()
            else:
                _check(name, described, mark)
                ports = mark.gateway_port, mark.spare_port
                claim.record(kept=True, whole=True, ports=ports)
                try:
                    _tidy(claim, tell)
                except (apply.KubeError, waiting.TimedOut) as error:
                    raise ownership.silent(claim, error, ownership.down(name)) from error
                fitting = Found(claim, mark)
                tell(f"  kind: {name} is there, made from the same\n")
        except (InUse, NotOurs) as error:
            if plan.named:
                raise
            tell(f"  kind: {str(error).splitlines()[0]}; a new one is made\n")
            stack.close()
        yield fitting


def _is_ours(kind: Path, claim: Claim, docker: Engine | None) -> bool:
    return ownership.whose(kind, claim, docker) is Whose.OURS


def _check(name: str, asked: dict[str, str], mark: Mark) -> None:
    if others := recipe.differences(asked, mark.recipe):
        told = "\n".join(f"  {each}" for each in others)
        raise NotOurs(
            f"the cluster {name} was made from something else\n{told}\n"
            f"Hint: {ownership.down(name)}, or another name"
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


def sweep(kind: Path, there: Iterable[str], docker: Engine | None, tell: Tell) -> list[str]:
    """Return which of the clusters are left when those of killed runs are deleted.

    What is known of clusters that are gone is forgotten.
    """
    left = list(there)
    for name in claims.names():
        try:
            with claims.claimed(name) as claim:
                if name not in left:
                    claim.forget()
                elif claim.kept is False and _swept(kind, claim, docker, tell):
                    left.remove(name)
        except InUse:
            continue
    return left


def _swept(kind: Path, claim: Claim, docker: Engine | None, tell: Tell) -> bool:
    found = ownership.whose(kind, claim, docker)
    if found is Whose.OURS:
        lifetime.delete(kind, claim)
        tell(f"  kind: the cluster {claim.name} of a run that was killed is deleted\n")
    elif found is Whose.SOMEBODYS:
        claim.forget()
        tell(f"  kind: the cluster {claim.name} is no killed run's any more, and is left alone\n")
    elif found is Whose.UNKNOWN:
        tell(
            f"  kind: the cluster {claim.name} may be a killed run's, and is left alone\n"
            f"    Hint: kind delete cluster --name {claim.name}\n"
        )
    return found is Whose.OURS
