"""Measurements of a machine that exists on paper: as noisy as the real one, with known truth."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reports.latency import Arm, Block, Environment, Measurement, Memory

ENVIRONMENT = Environment(
    cpu="Paper CPU @ 2.00GHz",
    cores=2,
    load=(0.5, 0.4, 0.3),
    steal=0.01,
    foreign=0.12,
    envoy="1.40.0",
    kernel="6.1.0",
)


@dataclass(frozen=True)
class Machine:
    """Truth in ns, and the noise that was measured of each kind, as fractions."""

    level: float = 3500.0
    overheads: Mapping[Arm, float] = field(
        default_factory=lambda: {"empty": 930.0, "new": 1200.0, "ref": 1200.0}
    )
    copies: Mapping[Arm, int] = field(default_factory=lambda: {"new": 3, "ref": 3})
    after_last_byte: float = 1000.0
    """CPU time of a filter that no duration shows."""
    restart: float = 0.10
    """Level and filter together, between restarts."""
    machine: float = 0.007
    """One virtual machine against another."""
    drift: float = 0.06
    """One round against the next."""
    slow: float = 0.2
    """How often a round falls into the machine's slow state."""
    request: float = 0.04
    cpu: float = 0.05
    """One block's CPU time per request."""
    tail: float = 0.0
    """Share of the candidate's requests that take 200 µs more."""


def measured(
    seed: int,
    machine: Machine = Machine(),
    *,
    sessions: int = 4,
    rounds: int = 20,
    requests: int = 40,
    **changes: object,
) -> Measurement:
    """Return what the instrument would have recorded."""
    dice = random.Random(seed)
    blocks = tuple(
        block
        for session in range(sessions)
        for block in _session(dice, machine, session, rounds, requests)
    )
    found = Measurement(
        filter="basic-auth cpp",
        release="1.9.9",
        started="2026-11-25T01:00:00+00:00",
        mode="quick",
        seed=seed,
        environment=ENVIRONMENT,
        modules={"empty": "e" * 64, "new": "a" * 64, "ref": "b" * 64},
        configuration="c" * 64,
        blocks=blocks,
        log_lines=sum(len(block.durations) for block in blocks),
        commit="4963b32",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


_KEPT: tuple[tuple[Arm, int, int, int], ...] = (
    ("none", 13_600_000, 240_000, 0),
    ("new", 17_000_000, 1_280_000, 3),
)
MEMORY = tuple(
    Memory(arm, workers, base + workers * each, base // 2 + workers * each // 2, machines)
    for arm, base, each, machines in _KEPT
    for workers in (1, 2, 4)
)


def _session(
    dice: random.Random, machine: Machine, session: int, rounds: int, requests: int
) -> list[Block]:
    restart = dice.lognormvariate(0, machine.restart)
    listeners: list[tuple[Arm, int]] = [("none", 0)]
    listeners += [
        (arm, copy) for arm in machine.overheads for copy in range(machine.copies.get(arm, 1))
    ]
    costs = {
        (arm, copy): restart
        * (machine.level + machine.overheads.get(arm, 0.0) * dice.gauss(1, machine.machine))
        for arm, copy in listeners
    }
    blocks = []
    for number in range(rounds):
        speed = dice.lognormvariate(0, machine.drift) * (1.5 if dice.random() < machine.slow else 1)
        order = dice.sample(listeners, len(listeners))
        for arm, copy in (*order, *reversed(order)):
            cost = costs[arm, copy] * speed
            times = [int(cost * dice.lognormvariate(0, machine.request)) for _ in range(requests)]
            if arm == "new" and machine.tail:
                times = [t + 200_000 if dice.random() < machine.tail else t for t in times]
            after = machine.after_last_byte if machine.overheads.get(arm, 0) else 0
            cpu = requests * (17_000 * restart * speed + cost + after)
            blocks.append(
                Block(
                    session=session,
                    round=number,
                    arm=arm,
                    copy=copy,
                    durations=times,
                    to_last_byte=[t + 800 for t in times],
                    cpu_ns=int(cpu * dice.lognormvariate(0, machine.cpu)),
                    requests=requests,
                    bad=0,
                )
            )
    return blocks
