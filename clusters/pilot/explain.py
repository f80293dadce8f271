"""Why each patch did or did not take effect, in words for the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.pilot.push import Outcome, Snapshot


def explain(snapshot: "Snapshot") -> str:
    """Return one line per patch, those without effect first."""
    ordered = sorted(snapshot.outcomes, key=lambda one: one.effective)
    return "\n".join(line(one) for one in ordered)


def line(outcome: "Outcome") -> str:
    """Return what became of one patch: which it is, whether it took effect, and why."""
    _, namespace, name = outcome.document
    verdict = "effective" if outcome.effective else "no effect"
    return (
        f"{verdict}: EnvoyFilter {namespace}/{name} configPatches[{outcome.index}] "
        f"{outcome.apply_to} {outcome.operation}: {outcome.sentence}"
    )
