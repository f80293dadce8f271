"""A finding in words: what stands in a terminal, in Markdown and beside every chart."""

from collections.abc import Iterator, Sequence
from typing import get_args

from reports.latency.finding import FigureFinding, LatencyFinding
from reports.latency.judgement import State
from reports.latency.wording import percents, revision, time, times

APART: tuple[State, ...] = ("inconclusive", "invalid")
"""States that are neither passed nor failed."""


def counts(findings: Sequence[LatencyFinding]) -> str:
    """Return ``latency: 2 pass · 1 regression, apart: 1 inconclusive``."""
    states = [each.state for each in findings]
    numbers = {state: states.count(state) for state in get_args(State) if state in states}
    decided = [f"{count} {state}" for state, count in numbers.items() if state not in APART]
    apart = [f"{count} {state}" for state, count in numbers.items() if state in APART]
    text = f"latency: {' · '.join(decided) or 'nothing decided'}"
    return f"{text}, apart: {' · '.join(apart)}" if apart else text


def against_reference(found: LatencyFinding) -> str:
    """Return the change at the judged figure, or why there is none."""
    if found.judged.delta:
        return percents(found.judged.delta)
    return "cannot be compared" if "ref" in found.judged.overheads else "no reference"


def figures(found: LatencyFinding) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, overhead, change against the reference and state of each figure."""
    for each in found.figures:
        yield _row(each.figure, each)
    if found.idle:
        yield _row("p25, one connection", found.idle)


def scope(found: LatencyFinding) -> str:
    """Return how much was measured, and how well copies of one module agreed."""
    aa = found.judged.aa
    parts = [
        f"{found.sessions} sessions × {found.machines} machines",
        f"{found.requests:,} requests".replace(",", " "),
        f"{found.confidence * 100:g} % intervals",
        f"A/A {percents(aa)}" if aa else "no A/A",
        f"seed {found.seed}",
    ]
    return ", ".join(parts)


def environment(found: LatencyFinding) -> str:
    """Return what it was measured on, and what else ran there."""
    seen = found.environment
    machine = [
        f"{seen.cpu} × {seen.cores}" + (" (virtual)" if seen.hypervisor else ""),
        f"bound to {seen.affinity}" if seen.affinity else "",
        f"load {seen.load[0]:.1f}",
        f"steal {seen.steal * 100:.1f} %",
        f"others {seen.foreign * 100:.0f} % of the CPU",
        f"kernel {seen.kernel}",
    ]
    parts = [
        f"istio {found.release}",
        f"commit {revision(found.commit)}" if found.commit else "",
        # Without cores it is not the machine that this ran on, of which nothing is known.
        *(machine if seen.cores else [seen.cpu]),
        f"Envoy {seen.envoy}",
        *(f"{name} {value}" for name, value in found.facts.items()),
    ]
    return " · ".join(part for part in parts if part)


def degraded(found: LatencyFinding) -> str:
    """Return what is missing where Envoy's clock could not be used, or nothing."""
    if found.clock == "envoy":
        return ""
    limit = f"{found.judged.threshold * 100:g} %" if found.judged.threshold else "its threshold"
    return f"CPU time only ({found.degraded}): a change below {limit} is not seen"


def told(found: LatencyFinding) -> Iterator[str]:
    """Yield the lines below a finding's sentence."""
    yield from found.reasons
    if missing := degraded(found):
        yield missing
    yield "  ".join(f"{name} {overhead}" for name, overhead, *_ in _short(found))
    if found.parts:
        yield " | ".join(f"{part.name} {time(part.cost.estimate)}" for part in found.parts)
    yield scope(found)
    yield environment(found)


def _short(found: LatencyFinding) -> Iterator[tuple[str, str]]:
    for each in found.figures:
        if each.figure != found.gate:
            yield each.figure, time(each.overheads["new"].estimate)
    if found.idle:
        yield "idle p25", time(found.idle.overheads["new"].estimate)


def _row(name: str, each: FigureFinding) -> tuple[str, str, str, str]:
    change = percents(each.delta) if each.delta else ""
    return name, times(each.overheads["new"]), change, each.state or ""
