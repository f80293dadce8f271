"""What a report holds of one filter's latency: enough for every rendering, without raw blocks."""

from typing import NamedTuple

from pydantic import Field

from reports.latency.estimates import Figure
from reports.latency.judgement import State
from reports.latency.measurement import Arm, Clock, Mode
from reports.rows import Row, Text

SHARES = (
    *(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55),
    *(0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999),
)
"""Where a curve is known."""


class Bounds(Row):
    """An estimate, the ends of its interval, and the session values it comes from."""

    estimate: float
    low: float
    high: float
    values: tuple[float, ...] = Field(description="one per session")


class FigureFinding(Row):
    """One figure of every arm; overheads and change in ns per request, delta as a fraction."""

    figure: Figure
    level: Bounds = Field(description="without a filter")
    overheads: dict[Arm, Bounds] = Field(description="over the level")
    delta: Bounds | None = Field(description="new/ref - 1, on overheads")
    change: Bounds | None = Field(description="new - ref")
    aa: Bounds | None = Field(description="copies of one module against each other; truly 0")
    ratio: Bounds | None = Field(description="new/native, on overheads")
    over_empty: Bounds | None = Field(description="new - empty")
    threshold: float | None = Field(default=None, description="from which delta on it counts")
    state: State | None = Field(default=None, description="null where the figure is not judged")


class PartFinding(Row):
    """One share of a filter's cost, ns per request."""

    name: Text
    cost: Bounds


class SessionRow(Row):
    """One listener in one session: what was sent, and quantiles of its durations in ns."""

    session: int
    arm: Arm
    machine: int = Field(description="number of the copy")
    requests: int = Field(ge=0)
    bad: int = Field(ge=0)
    cpu_ns: int = Field(ge=0, description="of the whole process, in the blocks of this listener")
    quantiles: dict[Text, float] = Field(description="p10 p25 p50 p75 p90 p99 mean; may be empty")


class Curve(Row):
    """The distribution of one arm's durations, all its requests together."""

    arm: Arm
    ns: tuple[float, ...] = Field(description=f"at the shares {', '.join(map(str, SHARES))}")


class MemoryRow(Row):
    """What a process of one arm held after load; bytes."""

    arm: Arm
    workers: int
    pss_anon: int | None = Field(description="null where its kernel could not be asked")
    allocated: int
    machines: int

    @property
    def held(self) -> int:
        """What the process had for itself, or what it had allocated where that is not known."""
        return self.allocated if self.pss_anon is None else self.pss_anon


class EnvironmentFinding(Row):
    """Where it was measured, and what else went on there."""

    cpu: Text
    cores: int
    load: tuple[float, float, float]
    steal: float = Field(description="share of all cores' time, 0 to 1")
    foreign: float = Field(description="share of all cores' time, 0 to 1")
    envoy: Text
    kernel: Text
    hypervisor: bool
    affinity: Text


class LatencyFinding(Row):
    """What one filter costs, what was judged of it, and where that was seen."""

    check: Text = Field(default="", description="node id of the check that recorded it")
    filter: Text
    release: Text
    started: Text
    commit: Text = Field(description="of the filter; ends in -dirty where files differ from it")
    mode: Mode
    seed: int
    clock: Clock
    degraded: Text = Field(description="why the clock is not Envoy's")
    sentence: Text
    state: State
    reasons: tuple[Text, ...]
    gate: Figure
    budget_ns: float | None
    confidence: float
    sessions: int
    machines: int
    requests: int
    bad: int
    missing: int
    environment: EnvironmentFinding
    modules: dict[Arm, Text] = Field(description="sha256")
    configuration: Text
    facts: dict[Text, Text]
    figures: tuple[FigureFinding, ...]
    idle: FigureFinding | None
    parts: tuple[PartFinding, ...]
    table: tuple[SessionRow, ...]
    curves: tuple[Curve, ...]
    memory: tuple[MemoryRow, ...]
    raw: Text = Field(default="", description="the blocks, relative to the report's folder")

    def figure(self, name: Figure) -> FigureFinding | None:
        """Return a figure, or None where it was not measured."""
        return next((each for each in self.figures if each.figure == name), None)

    @property
    def judged(self) -> FigureFinding:
        """The figure that is judged first."""
        found = self.figure(self.gate)
        if found is None:
            raise LookupError(f"{self.filter}: no figure {self.gate}")
        return found


class Series(NamedTuple):
    """What a figure has to share with another one before the filter can be what differs.

    A release decides what is configured, and an Envoy what that costs.
    """

    filter: str
    release: str
    figure: Figure
    envoy: str


class HistoryPoint(Row):
    """One filter in one run, normalised so that machines' moods cancel: overhead / no-filter."""

    time: Text
    commit: Text
    filter: Text
    release: Text = Field(description="of Istio; the proxy stands in envoy")
    figure: Figure
    overhead_ratio: float
    low: float
    high: float
    overhead_ns: float
    level_ns: float
    state: State
    module: Text = Field(description="sha256 of the filter")
    cpu: Text
    envoy: Text
    mode: Mode

    @property
    def series(self) -> Series:
        """What this point belongs to; points of two series are never one line."""
        return Series(self.filter, self.release, self.figure, self.envoy)
