"""From what the stopwatch saw of one filter to the measurement that is judged."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suites.subjects import Subject


def measurement(latency: Any, recording: Any, subject: Subject) -> Any:
    """Return the latency.Measurement of what was seen of a subject."""
    clock = not recording.without_clock
    machine, disturbance = recording.machine, recording.disturbance
    return latency.Measurement(
        filter=subject.label,
        release=subject.release,
        started=recording.started.isoformat(timespec="seconds"),
        mode=recording.mode,
        seed=recording.seed,
        environment=latency.Environment(
            cpu=machine.cpu,
            cores=machine.cores,
            load=machine.load,
            steal=disturbance.steal,
            foreign=disturbance.foreign,
            envoy=recording.envoy,
            kernel=machine.kernel,
            hypervisor=machine.hypervisor,
        ),
        modules=dict(subject.modules),
        configuration=hashlib.sha256(subject.load.configuration.encode()).hexdigest(),
        blocks=_blocks(latency, _all(recording, "busy"), clock),
        idle=_blocks(latency, _all(recording, "idle"), clock),
        upstream=_ways(latency, _all(recording, "ways")),
        log_lines=sum(each.lines for each in recording.sessions) if clock else None,
        clock="envoy" if clock else "cpu",
        degraded=recording.without_clock,
        effect_asserted=recording.promises,
        commit=subject.commit,
        facts={**recording.facts, **subject.facts},
    )


def with_memory(latency: Any, found: Any, memory: Any, unknown: str) -> Any:
    """Return a measurement that also tells what each arm holds, by number of workers, or why not.

    `memory` is None where that is `unknown`.
    """
    if memory is None:
        return replace(found, facts={**found.facts, "memory": f"unknown ({unknown})"})
    rows = (
        latency.Memory(arm, workers, each.pss_anon, each.allocated, each.machines)
        for (arm, workers), each in sorted(memory.of.items())
        if arm != "two"
    )
    return replace(found, memory=tuple(rows))


def _all(recording: Any, part: str) -> Iterable[Any]:
    return (block for session in recording.sessions for block in getattr(session, part))


def _blocks(latency: Any, blocks: Iterable[Any], clock: bool) -> tuple[Any, ...]:
    return tuple(
        latency.Block(
            **_common(block),
            durations=block.spans[0] if clock else (),
            to_last_byte=block.spans[1] if clock else (),
        )
        for block in blocks
    )


def _ways(latency: Any, blocks: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(
        latency.Block(
            **_common(block),
            durations=(),
            to_last_byte=(),
            request_path=block.spans[0],
            response_path=block.spans[1],
        )
        for block in blocks
    )


def _common(block: Any) -> dict[str, Any]:
    return {
        "session": block.session,
        "round": block.round,
        "arm": block.arm.role,
        "copy": block.arm.copy,
        "cpu_ns": block.cpu_ns,
        "requests": block.requests,
        "bad": block.bad,
    }
