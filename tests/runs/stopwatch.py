"""The proof of the stopwatch: `python -m tests.runs.stopwatch [TRIALS] [quick|deep]` prints it.

Each trial is judged as a filter is in suites/latency. What it should find is a module that works as
long as it is told to: 5 % of its cost more must be a regression, and nothing more must be none,
also while every core is busy with something else.
"""

import os
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bookinfo.documents import documents
from clusters import processes, release
from clusters.local import envoy
from clusters.pilot.agent import Agent
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.node import ingress_gateway
from clusters.stopwatch.arms import ControlPlane, Role
from clusters.stopwatch.stopwatch import Mode, Stopwatch, ready
from filters import build, probes
from filters.publish import FileServer
from reports import latency
from suites.latency.loads import HEADER, VALUE, Load
from suites.latency.looks import Measured, measured
from suites.subjects import Subject

#: What an idle module of the same kind is told to do.
NOTHING = "0 0 0"
INJECTED = 0.05
#: A quarter of the cost or so: few steps hide behind what the processor waits for anyway.
CALIBRATION_STEPS = 400
SHOWN = Load(configuration="", effect=f"{HEADER}: {VALUE}")
UNPROMISED = Load(configuration="")


@dataclass(frozen=True)
class Bench:
    """A stopwatch with modules to time."""

    watch: Stopwatch
    control_plane: ControlPlane
    publisher: FileServer

    def subject(self, load: Load = SHOWN, **arms: tuple[str, str]) -> Subject:
        """Return what is measured: by role, the name of a probe and its configuration."""
        built = {role: build.compiled(probes.source(name)) for role, (name, _) in arms.items()}
        modules: dict[Role, tuple[str, str, str]] = {
            cast("Role", role): (self.publisher.publish(module), module.sha256, arms[role][1])
            for role, module in built.items()
        }
        return Subject(
            label="a probe",
            release=self.control_plane.release.name,
            arms=self.control_plane.made(modules),
            load=load,
            modules={role: module.sha256 for role, module in built.items()},
            budget=None,
        )

    def compared(self, seed: int, *, work: str) -> Measured:
        """Return what comes of work told to the new module, beside the same one without."""
        subject = self.subject(ref=("works", NOTHING), new=("works", work))
        return measured(latency, self.watch, subject, seed=seed)

    def injected(self) -> str:
        """Return the work that costs 5 % more, as this machine has it now."""
        subject = self.subject(ref=("works", NOTHING), new=("works", f"{CALIBRATION_STEPS} 0 0"))
        figure = measured(latency, self.watch, subject, seed=0).estimates.figures["p25"]
        # A ratio within each session: what the machine does to both is not in it.
        return f"{round(INJECTED * CALIBRATION_STEPS / figure.delta.estimate)} 0 0"


@contextmanager
def bench(mode: Mode = "quick"):
    """Yield a bench, as the newest release; everything ends with the block."""
    asked = release.find(release.LATEST)
    with tempfile.TemporaryDirectory() as name, FileServer() as publisher:
        agent = Agent(Behaviours.of(asked), Path(name))
        # Nobody asks the application, so that any port will do.
        plane = ControlPlane(asked, ingress_gateway(asked.version), agent, documents(9080))
        yield Bench(ready(envoy.find(None), mode), plane, publisher)


@contextmanager
def every_core_busy():
    """Keep each core busy with something else while the block runs."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        for number in range(os.cpu_count() or 1):
            log = Path(name) / f"{number}.log"
            command = [sys.executable, "-c", "while True: pass"]
            stack.callback(processes.start("a busy core", command, log=log).stop)
        yield


@dataclass(frozen=True)
class Row:
    """What a series of trials came to."""

    name: str
    wanted: str
    states: Counter[str]
    deltas: tuple[float, ...]

    def __str__(self) -> str:
        told = ", ".join(f"{count} {state}" for state, count in self.states.most_common())
        low, high = min(self.deltas), max(self.deltas)
        return f"{self.name:24} {self.wanted:22} {told:40} {low:+.1%} to {high:+.1%}"


def series(name: str, wanted: str, trials: int, bench: Bench, work: str, first: int) -> Row:
    """Return the row of so many trials."""
    found = [bench.compared(seed, work=work) for seed in range(first, first + trials)]
    deltas = [each.estimates.figures["p25"].delta for each in found]
    return Row(
        name,
        wanted,
        Counter(each.verdict.state for each in found),
        tuple(delta.estimate for delta in deltas if delta),
    )


def main(trials: int, mode: Mode) -> None:
    """Measure and print."""
    with bench(mode) as made:
        injected = made.injected()
        print(f"5 % of what the module costs are {injected.split()[0]} steps of work")
        print(f"{'':24} {'wanted':22} {'found':40} p25 against the reference")
        print(series("+5 %", "regression", trials, made, injected, 100), flush=True)
        print(series("+0 %", "pass", trials, made, NOTHING, 200), flush=True)
        with every_core_busy():
            row = series("+0 %, every core busy", "no regression", trials, made, NOTHING, 300)
            print(row, flush=True)


if __name__ == "__main__":
    arguments = dict(zip(("trials", "mode"), sys.argv[1:], strict=False))
    main(int(arguments.get("trials", 10)), cast("Mode", arguments.get("mode", "deep")))
