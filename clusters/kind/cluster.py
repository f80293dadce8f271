"""A kind cluster for as long as a run lasts: found again, or made and deleted."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters.apply import KubeError
from clusters.kind import bringing_up, claims, engine, finding, lifetime, ownership
from clusters.kind.errors import KindError, NotOurs
from clusters.kind.interrupts import heeded
from clusters.kind.phases import Phases
from clusters.kube.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusters.kind.claims import Claim
    from clusters.kind.engine import Engine
    from clusters.kind.mark import Mark
    from clusters.kind.phases import Tell
    from clusters.kind.plan import Plan


@dataclass(frozen=True, slots=True)
class Running:
    """A cluster that is there, whose gateway answered; `stays` if it outlives this run."""

    claim: Claim
    mark: Mark
    stays: bool

    @property
    def url(self) -> str:
        """Where clients on this machine reach its gateway."""
        return bringing_up.url(self.mark)

    def how_to_reach(self) -> str:
        """Return what people need who go on by hand, in lines."""
        return (
            f"  the cluster {self.claim.name} stays: {self.url}/productpage\n"
            f"    the gateway's port 8081 is http://127.0.0.1:{self.mark.spare_port}\n"
            f"    export KUBECONFIG={self.claim.kubeconfig}\n"
            f"    python -m clusters kind down --cluster-name={self.claim.name}\n"
        )


@contextmanager
def target(plan: Plan, tell: Tell) -> Iterator[Target]:
    """Give a run the gateway of a kind cluster, which is then gone unless it is to stay.

    Raises KindError. Ctrl-C and SIGTERM at any moment leave nothing behind.
    """
    with running(plan, tell) as cluster:
        bringing_up.leave(cluster.claim)
        try:
            yield _target(plan, cluster)
        finally:
            if cluster.stays:
                try:
                    bringing_up.lead(cluster.claim)
                except KubeError as error:
                    tell(f"\n  kind: the gateway is not led to Bookinfo again: {error}\n")
                tell(f"\n{cluster.how_to_reach()}")


def _target(plan: Plan, cluster: Running) -> Target:
    node = plan.recipe.node_image.partition("@")[0]
    return Target(
        kubeconfig=cluster.claim.kubeconfig,
        context=bringing_up.context(cluster.claim),
        gateway_url=cluster.url,
        gateway_namespace=bringing_up.ROOT_NAMESPACE,
        gateway_labels={"istio": "ingressgateway"},
        root_namespace=bringing_up.ROOT_NAMESPACE,
        # One of this run alone: what a killed one left may still be there, or about to go.
        namespace=f"iwc-{secrets.token_hex(4)}",
        owned=True,
        relay_image=plan.recipe.python,
        origin=f"kind {plan.kind.version}, node {node}, Istio {plan.recipe.istio} with images "
        f"{plan.recipe.hub} {plan.recipe.tag}",
    )


@contextmanager
def running(plan: Plan, tell: Tell) -> Iterator[Running]:
    """Find or make a cluster whose gateway answers, and delete it again unless it stays."""
    folder = claims.prepare()
    with ExitStack() as stack:
        stack.enter_context(heeded())
        with Phases(plan.kept_name, tell).step("tools") as phase:
            docker = stack.enter_context(engine.connected())
            there = lifetime.names(plan.kind.path, folder)
            described = plan.recipe.described(docker.ids(plan.recipe.images) if docker else {})
            phase.note = f"kind {plan.kind.version}, istioctl {plan.istioctl.version}"
        left = finding.sweep(plan.kind.path, there, docker, tell)
        found = stack.enter_context(finding.found(plan, left, described, docker, tell))
        if found is not None:
            cluster = Running(found.claim, found.mark, stays=True)
            bringing_up.answer(found.claim, found.mark, Phases(found.claim.name, tell))
        else:
            own = plan.kept_name if plan.named else f"{plan.kept_name}-{secrets.token_hex(3)}"
            claim = stack.enter_context(claims.claimed(own))
            cluster = stack.enter_context(_made(plan, claim, tell, docker, described))
        yield cluster


@contextmanager
def _made(
    plan: Plan, claim: Claim, tell: Tell, docker: Engine | None, described: dict[str, str]
) -> Iterator[Running]:
    to_undo = True

    def undo() -> bool:
        return ownership.undo(plan.kind.path, claim, docker)

    try:
        claim.record(kept=plan.keep)
        try:
            phases = Phases(claim.name, tell)
            mark = bringing_up.make(plan, claim, phases, docker, described, undo)
        except NotOurs:  # what is there now was never this run's
            to_undo = False
            claim.forget()
            raise
        claim.record(kept=plan.keep, whole=True)
        to_undo = not plan.keep
        yield Running(claim, mark, stays=plan.keep)
    finally:
        if to_undo:
            try:
                if not undo():
                    tell(f"\n  kind: another cluster {claim.name} is there now, and left alone\n")
            except KindError as error:  # it must not hide why
                tell(f"\n  kind: {error}\n")
