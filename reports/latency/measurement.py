"""What one run of the instrument saw of one filter, before any statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

Arm = Literal["none", "empty", "new", "ref", "native"]
"""A listener's filter chain: no filter, one that does nothing, the candidate, the module accepted
before, Envoy's own equivalent."""

ARMS: tuple[Arm, ...] = ("none", "empty", "native", "ref", "new")
Mode = Literal["quick", "deep"]
Clock = Literal["envoy", "cpu"]


@dataclass(frozen=True, slots=True)
class Block:
    """A short burst of requests on one listener; a round has two per listener (palindrome).

    All times are ns, one entry per line of the access log, in any order. What was not logged is
    empty; blocks of one connection, or with an upstream, are kept apart by Measurement.
    """

    session: int
    round: int
    arm: Arm
    copy: int
    durations: Sequence[int]
    """DS_RX_BEG:DS_TX_BEG."""
    to_last_byte: Sequence[int]
    """DS_RX_BEG:DS_TX_END."""
    cpu_ns: int
    """CPU time of the whole Envoy process during the block."""
    requests: int
    bad: int
    """Replies that were not what this arm must answer, missing ones among them."""
    request_path: Sequence[int] = ()
    """DS_RX_BEG:US_TX_BEG, where an upstream is used."""
    response_path: Sequence[int] = ()
    """US_RX_BEG:DS_TX_BEG, where an upstream is used."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process of one arm held after load; bytes."""

    arm: Arm
    workers: int
    pss_anon: int | None
    """None where its kernel could not be asked."""
    allocated: int
    machines: int
    """Wasm virtual machines alive."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where it was measured, and what else went on there."""

    cpu: str
    """The model's name, as the kernel gives it."""
    cores: int
    load: tuple[float, float, float]
    """Load averages of 1, 5 and 15 minutes, before the first session."""
    steal: float
    """Share (0 to 1) of all cores' time that the host took away during the sessions."""
    foreign: float
    """Share (0 to 1) of all cores' time that neither Envoy nor the load used."""
    envoy: str
    kernel: str
    hypervisor: bool = False
    affinity: str = ""
    """Cores that Envoy and the load were bound to; empty where they were not."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One filter against no filter, and against its reference where there is one."""

    filter: str
    """The label, ``basic-auth cpp``."""
    release: str
    started: str
    """UTC, ISO 8601."""
    mode: Mode
    seed: int
    environment: Environment
    modules: Mapping[Arm, str]
    """sha256 of each Wasm arm's module."""
    configuration: str
    """sha256 of the filter's configuration."""
    blocks: tuple[Block, ...]
    log_lines: int | None
    """Lines of the access logs that belong to a block; None where the log was not used."""
    clock: Clock = "envoy"
    """``cpu`` where Envoy's access log cannot tell durations: then only CPU time is judged."""
    degraded: str = ""
    """Why the clock is not Envoy's, in one sentence."""
    idle: tuple[Block, ...] = ()
    """Blocks of a single connection; the figures of a proxy with nothing to do."""
    upstream: tuple[Block, ...] = ()
    """Blocks with an upstream: those that fill request_path and response_path."""
    memory: tuple[Memory, ...] = ()
    effect_asserted: bool = True
    """Whether every reply of the candidate was checked to show what the filter does."""
    commit: str = ""
    """The git commit of the filter, ending in ``-dirty`` where its files differ; or empty."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Anything else to print beside the figures."""

    @property
    def sessions(self) -> tuple[int, ...]:
        """The numbers of the sessions, in order."""
        return tuple(sorted({block.session for block in self.blocks}))

    @property
    def requests(self) -> int:
        """How many requests the blocks sent, single connections and upstreams among them."""
        return sum(block.requests for block in self._all())

    @property
    def bad(self) -> int:
        """How many replies were wrong or missing."""
        return sum(block.bad for block in self._all())

    def extended(self, more: Self) -> Self:
        """Return this measurement with the sessions of a second look, renumbered after its own."""
        shift = max(self.sessions, default=-1) + 1
        lines = None if self.log_lines is None else self.log_lines + (more.log_lines or 0)
        return replace(
            self,
            blocks=self.blocks + _shifted(more.blocks, shift),
            idle=self.idle + _shifted(more.idle, shift),
            upstream=self.upstream + _shifted(more.upstream, shift),
            log_lines=lines,
        )

    def _all(self) -> tuple[Block, ...]:
        return self.blocks + self.idle + self.upstream


def _shifted(blocks: Sequence[Block], shift: int) -> tuple[Block, ...]:
    return tuple(replace(block, session=block.session + shift) for block in blocks)
