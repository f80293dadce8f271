"""The steps from a plan to a cluster whose gateway answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bookinfo import documents
from clusters import apply, waiting
from clusters.gateway import Gateway, Unanswered
from clusters.kind import images, lifetime, operator
from clusters.kind.calls import Caller
from clusters.kind.inside import Inside
from clusters.kind.mark import Mark
from clusters.kind.phases import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clusters.kind.claims import Claim
    from clusters.kind.engine import Engine
    from clusters.kind.phases import Phases
    from clusters.kind.plan import Plan

#: The run that the routes of a cluster belong to that is there for people.
BY_HAND = "kind"
ROOT_NAMESPACE = "istio-system"
#: A gateway that has just become ready may still refuse every other connection.
IN_A_ROW = 3


def make(
    plan: Plan,
    claim: Claim,
    phases: Phases,
    engine: Engine | None,
    described: Mapping[str, str],
    undo: Callable[[], object],
) -> Mark:
    """Make a cluster with Istio and Bookinfo in it; raises PhaseFailed and NotOurs.

    Whatever is there of it then, or when it is broken off, is left to the caller's `undo`, unless
    it is somebody else's, as NotOurs tells.
    """
    recipe = plan.recipe
    with phases.step("cluster") as phase:
        ports = lifetime.make(
            plan.kind.path, claim, recipe.node_image, within=LIMITS["cluster"], undo=undo
        )
        inside = Inside(claim.kubeconfig, context(claim))
        unready = Mark(dict(described), *ports, ready=False)
        inside.write_mark(unready)
        phase.note = f"Kubernetes {inside.version()} from {recipe.node_image.partition('@')[0]}"
    try:
        _load(plan, claim, phases, engine)
        _install(plan, claim, phases, engine, inside)
        with phases.step("bookinfo", diagnosis=inside.diagnosis) as phase:
            inside.create(recipe.workloads)
            names = [
                each["metadata"]["name"]
                for each in recipe.workloads
                if each["kind"] == "Deployment"
            ]
            inside.wait_until_available(names, within=LIMITS["bookinfo"])
            phase.note = recipe.bookinfo
        answer(claim, unready, phases)
        ready = Mark(dict(described), *ports, ready=True)
        inside.write_mark(ready)
    finally:
        inside.close()
    return ready


def context(claim: Claim) -> str:
    """Return what kind calls the context of a cluster in its kubeconfig."""
    return f"kind-{claim.name}"


def url(mark: Mark) -> str:
    """Return where clients on this machine reach the gateway."""
    return f"http://127.0.0.1:{mark.gateway_port}"


def _load(plan: Plan, claim: Claim, phases: Phases, engine: Engine | None) -> None:
    with phases.step("images") as phase:
        here = engine.ids(plan.recipe.images) if engine else {}
        # One saved by its digest alone would arrive without a name.
        names = [name for name in here if "@" not in name]
        if names:
            Caller(claim.folder).run(
                "kind load docker-image",
                [plan.kind.path, "load", "docker-image", "--name", claim.name, *names],
                within=LIMITS["images"],
            )
        left = len(plan.recipe.images) - len(names)
        phase.note = f"{len(names)} from the local Docker, {left} left to the node"


def _install(
    plan: Plan, claim: Claim, phases: Phases, engine: Engine | None, inside: Inside
) -> None:
    recipe = plan.recipe
    with phases.step("istio", diagnosis=inside.diagnosis) as phase:
        filters = _has_istio_filters(engine, images.proxy(recipe.hub, recipe.tag))
        document = claim.folder / "istio.yaml"
        document.write_text(
            operator.render(operator.Installation(recipe.hub, recipe.tag, istio_filters=filters))
        )
        limit = int(LIMITS["istio"])
        arguments = ["--skip-confirmation", f"--readiness-timeout={limit - 30}s"]
        reach = ["--kubeconfig", str(claim.kubeconfig), "--context", context(claim)]
        Caller(claim.folder).run(
            "istioctl install",
            [plan.istioctl.path, "install", *arguments, *reach, "--filename", document],
            within=limit,
            hopeless=inside.stuck,
        )
        without = "" if filters else ", without the filters of Istio's own Envoy"
        phase.note = f"{recipe.istio} with images {recipe.hub} {recipe.tag}{without}"


def _has_istio_filters(engine: Engine | None, image: str) -> bool:
    # An image that only the node can get is taken for Istio's own.
    if engine is None or image not in engine.ids([image]):
        return True
    return engine.has_istio_filters(image)


def answer(claim: Claim, mark: Mark, phases: Phases) -> None:
    """Lead the gateway to Bookinfo and wait until it answers; raises PhaseFailed."""
    inside = Inside(claim.kubeconfig, context(claim))
    try:
        with phases.step("gateway", diagnosis=inside.diagnosis) as phase:
            lead(claim)
            phase.note = f"{url(mark)}/productpage answers"
            gateway = Gateway(url(mark))
            try:
                _wait_for_answers(gateway)
            finally:
                gateway.close()
    finally:
        inside.close()


def lead(claim: Claim) -> None:
    """Lead the gateway to Bookinfo, as it stays in a cluster that is there for people."""
    kube = apply.connect(claim.kubeconfig, context=context(claim), run=BY_HAND)
    for document in documents.routes():
        kube.apply(document)
    kube.close()


def leave(claim: Claim) -> None:
    """Leave the gateway to a run, which has routes of its own."""
    kube = apply.connect(claim.kubeconfig, context=context(claim), run=BY_HAND)
    for document in documents.routes():
        kube.delete(document)
    kube.close()


def _wait_for_answers(gateway: Gateway) -> None:
    answers: list[str] = []

    def ask() -> str:
        try:
            reply = gateway.send("GET", "/productpage")
        except Unanswered as error:
            answers.append(str(error))
        else:
            answers.append(str(reply.status))
        return answers[-1]

    waiting.until(
        ask,
        lambda _: answers[-IN_A_ROW:] == ["200"] * IN_A_ROW,
        what=f"{IN_A_ROW} good answers of the gateway in a row",
        within=LIMITS["gateway"],
        every=0.1,
    )
