"""The proof of the stopwatch: `python -m tests.runs.stopwatch [TRIALS] [quick|deep] [CASE …]`.

Each trial is judged as a filter is in suites/latency. What it should find is a module that works as
long as it is told to. The cases, all of them where none is named:

    injected  5 % of its cost more: a regression each time
    same      nothing more: a pass each time
    busy      nothing more, while every core is busy with something else: no false alarm
    soon      5 % more, in quick mode: a regression each time, and in 20 s
    aa        nothing more, in quick mode and three times as often: no false alarm

Each trial is printed as it ends, and the table of what there is also after Ctrl-C or SIGTERM. Below
it stands which of the numbers that quick mode has to reach were met, missed or not tried.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from bookinfo.documents import documents
from clusters import processes, release
from clusters.local import envoy
from clusters.pilot.agent import Agent
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.node import ingress_gateway
from clusters.stopwatch import environment
from clusters.stopwatch.arms import ControlPlane, Role
from clusters.stopwatch.stopwatch import Mode, Stopwatch, ready
from filters import build, probes
from filters.publish import FileServer
from reports import latency
from suites.latency.loads import HEADER, VALUE, Load
from suites.latency.looks import Measured, measured
from suites.subjects import Subject
from tests.runs import trials
from tests.runs.trials import Case, Trial

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


def cases(trials: int, mode: Mode) -> dict[str, Case]:
    """Return all cases by the names they are chosen by."""
    return {
        "injected": Case("+5 %", mode, "regression", trials),
        "same": Case("+0 %", mode, "pass", trials),
        "busy": Case("+0 %, every core busy", mode, "", trials, crowded=True),
        "soon": Case("+5 %, quick", "quick", "regression", trials),
        "aa": Case("+0 %, quick (A/A)", "quick", "", 3 * trials),
    }


#: No two cases see the same order of blocks.
SEEDS = {
    "+5 %": 100,
    "+0 %": 200,
    "+0 %, every core busy": 300,
    "+0 %, quick (A/A)": 400,
    "+5 %, quick": 500,
}


def tried(made: Bench, case: Case) -> Iterator[Trial]:
    """Yield the trials of a case, one after the other."""
    watch = replace(made.watch, mode=cast("Mode", case.mode))
    own, work = replace(made, watch=watch), NOTHING
    if case.wanted == "regression":
        work = own.injected()
        print(f"5 % of what the module costs are {work.split()[0]} steps of work", flush=True)
    with every_core_busy() if case.crowded else nullcontext():
        for number in range(case.trials):
            began = time.monotonic()
            found = own.compared(SEEDS[case.name] + number, work=work)
            yield trials.trial(case, found, time.monotonic() - began)


def main(count: int, mode: Mode, names: Sequence[str]) -> int:
    """Measure and print; return the exit code of `trials.verdict`."""
    asked = trials.chosen(cases(count, mode), names)
    done: list[Trial] = []
    began, stopped = time.monotonic(), ""
    machine, before, at = environment.machine(), environment.reading(), _now()
    # A default SIGTERM would take the table along; this way processes are stopped and it is told.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with bench(mode) as made:
            for case in asked:
                for number, each in enumerate(tried(made, case), 1):
                    done.append(each)
                    print(each.line(number), flush=True)
    except KeyboardInterrupt:
        stopped = "interrupted"
    finally:
        # Whatever ends it: an hour of trials is not thrown away.
        disturbance = environment.between(before, environment.reading())
        version = envoy.find(None).version
        setting = trials.Setting(at, _now(), machine, disturbance, version)
        numbers = [each.line() for each in trials.targets(done)]
        print("", *trials.table(asked, done, setting), "", *numbers, "", sep="\n")
        told, code = trials.verdict(asked, done, time.monotonic() - began, stopped)
        print(told, flush=True)
    return code


def _now() -> str:
    return datetime.now(UTC).isoformat(sep=" ", timespec="minutes")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(
        main(
            int(arguments[0]) if arguments else 10,
            cast("Mode", arguments[1] if len(arguments) > 1 else "deep"),
            arguments[2:],
        )
    )
