"""Trials of the stopwatch and what they come to: pure, so that the table can be tested."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from clusters.stopwatch.environment import Disturbance, Machine
from reports.latency.interval import over_sessions
from suites.latency.looks import Measured

#: States that say that something changed; where nothing did, that is a false alarm.
ALARMS = ("regression", "improvement", "over-budget")
#: Of the half-widths that are told; what decides is surer where a second look may follow.
CONFIDENCE = 0.95
#: What is asked of quick mode: a share of the filter's own cost, seconds, and a number of runs.
HALF_WIDTH, QUICK_IN, FOUND_IN, AA_RUNS = 0.01, 10.0, 20.0, 30
HINT = "python -m tests.runs.stopwatch 10 quick {}"


@dataclass(frozen=True)
class Case:
    """A series of trials: what is wanted of each, "" where anything but an alarm will do.

    `crowded` if something of this proof's own keeps every core busy meanwhile.
    """

    name: str
    mode: str
    wanted: str
    trials: int
    crowded: bool = False

    @property
    def words(self) -> str:
        """Return what is wanted, in words."""
        return self.wanted or "no false alarm"

    def holds(self, state: str) -> bool:
        """Tell whether a trial with this state is as wanted."""
        return state == self.wanted if self.wanted else state not in ALARMS


@dataclass(frozen=True)
class Trial:
    """One trial: its verdict, the change that was seen, and how long it took with all its looks.

    The change is a share of what the reference costs, and so is the half-width of its interval.
    """

    case: Case
    state: str
    change: float
    half_width: float
    aa: float
    sessions: int
    seconds: float
    foreign: float
    steal: float
    reasons: tuple[str, ...]

    def line(self, number: int) -> str:
        """Return what is printed once it has ended."""
        held = "" if self.case.holds(self.state) else f"  NOT {self.case.words}"
        machine = f"others {self.foreign:.0%} of the CPU, steal {self.steal:.1%}"
        why = f"  ({'; '.join(self.reasons)})" if held or self.state == "invalid" else ""
        return (
            f"{self.case.name:<22} {f'{number}/{self.case.trials}':>6}  {self.state:<13}"
            f" {self.change:+6.1%} ± {self.half_width:.1%}  A/A {self.aa:+.1%}"
            f"  {self.sessions} sessions, {self.seconds:.0f} s, {machine}{held}{why}"
        )


def trial(case: Case, found: Measured, seconds: float) -> Trial:
    """Return what is kept of a measurement with a reference."""
    figure = found.estimates.figures["p25"]
    environment = found.measurement.environment
    return Trial(
        case=case,
        state=found.verdict.state,
        change=figure.delta.estimate if figure.delta else nan,
        half_width=over_sessions(figure.delta.values, CONFIDENCE).half_width
        if figure.delta
        else nan,
        aa=figure.aa.estimate if figure.aa else 0.0,
        sessions=found.estimates.sessions,
        seconds=seconds,
        foreign=environment.foreign,
        steal=environment.steal,
        reasons=found.verdict.reasons,
    )


@dataclass(frozen=True)
class Setting:
    """When and where the trials were made; `disturbance` is of the whole time."""

    began: str
    ended: str
    machine: Machine
    disturbance: Disturbance
    envoy: str

    def line(self) -> str:
        """Return it in one line: figures without it say little."""
        machine, load = self.machine, ", ".join(f"{each:.1f}" for each in self.machine.load)
        return (
            f"{self.began} to {self.ended}; {machine.cpu}, {machine.cores} cores"
            f"{', a virtual machine' if machine.hypervisor else ''}; {machine.kernel};"
            f" load at the beginning {load}; steal {self.disturbance.steal:.1%},"
            f" others used {self.disturbance.foreign:.0%} of the CPU; Envoy {self.envoy}"
        )


def table(cases: Sequence[Case], trials: Sequence[Trial], setting: Setting) -> Iterator[str]:
    """Yield where it was, and a row for each case, complete or not."""
    yield setting.line()
    yield (
        f"{'median ≤ worst':<22} {'wanted':<15} {'held':>7}  {'found':<34}"
        f" {'p25 against the reference':<26} {'95 % half-width':<16} {'seconds':<10} others' CPU"
    )
    for case in cases:
        mine = [each for each in trials if each.case == case]
        if not mine:
            yield f"{case.name:<22} {case.words:<15} {f'0/{case.trials}':>7}  not tried"
            continue
        states = Counter(each.state for each in mine).most_common()
        changes = [each.change for each in mine]
        held = sum(case.holds(each.state) for each in mine)
        yield (
            f"{case.name:<22} {case.words:<15} {f'{held}/{case.trials}':>7}"
            f"  {', '.join(f'{count} {state}' for state, count in states):<34}"
            f" {f'{min(changes):+.1%} to {max(changes):+.1%}':<26}"
            f" {_middle_and_worst([each.half_width for each in mine], '.2%'):<16}"
            f" {_middle_and_worst([each.seconds for each in mine], '.1f'):<10}"
            f" {_middle_and_worst([each.foreign for each in mine], '.0%')}"
        )


def _middle_and_worst(values: Sequence[float], form: str) -> str:
    return f"{median(values):{form}} ≤ {max(values):{form}}"


def verdict(
    cases: Sequence[Case], trials: Sequence[Trial], seconds: float, stopped: str = ""
) -> tuple[str, int]:
    """Return the closing line, and an exit code: 0 all is as wanted, 1 it is not, 2 unfinished.

    As wanted are all trials and all numbers of `targets` that were tried; of those, a part of the
    trials shows nothing.
    """
    asked = sum(case.trials for case in cases)
    failed = [each for each in trials if not each.case.holds(each.state)]
    unchanged = [each for each in trials if each.case.wanted != "regression"]
    alarms = sum(each.state in ALARMS for each in unchanged)
    facts = [f"{alarms} false alarms in {len(unchanged)} runs of the same module"]
    if slower := [each for each in trials if each.case.wanted == "regression"]:
        seen = sum(each.state == "regression" for each in slower)
        facts.insert(0, f"+5 % found in {seen} of {len(slower)}")
    took = f"{len(trials)} of {asked} trials in {seconds / 60:.1f} min"
    told = f"{', '.join(facts)} ({took})"
    missed = [each.wanted for each in targets(trials) if each.met is False]
    wrong = [f"{len(failed)} trials are not as wanted"] if failed else []
    if len(trials) < asked and not wrong:
        return f"UNFINISHED ({stopped or 'stopped'}): so far {told}", 2
    wrong += [f"missed: {'; '.join(missed)}"] if missed else []
    if wrong:
        return f"NOT PROVEN: {'; '.join(wrong)}: {told}", 1
    return f"PROVEN: {told}", 0


@dataclass(frozen=True)
class Target:
    """A number to reach, whether it was (None where it was not tried), and what was seen."""

    wanted: str
    met: bool | None
    seen: str

    def line(self) -> str:
        """Return it in one line."""
        word = {True: "met", False: "MISSED", None: "not tried"}[self.met]
        return f"{word:<10} {self.wanted}: {self.seen}"


def targets(trials: Sequence[Trial]) -> list[Target]:
    """Return the numbers that a quick measurement has to reach on two noisy cores.

    Nothing is said of trials whose cores this proof itself kept busy.
    """
    quick = [each for each in trials if each.case.mode == "quick" and not each.case.crowded]
    same = [each for each in quick if each.case.wanted != "regression"]
    slower = [each for each in quick if each.case.wanted == "regression"]
    in_time = [each for each in slower if each.state == "regression" and each.seconds <= FOUND_IN]
    alarms = sum(each.state in ALARMS for each in same)
    return [
        _within(
            "95 % half-width ≤ 1 % of the filter's own cost, quick, the median trial",
            [each.half_width for each in same],
            HALF_WIDTH,
            ".2%",
        ),
        _within(
            "≤ 10 s, quick, the median trial", [each.seconds for each in same], QUICK_IN, ".1f"
        ),
        Target(
            "+5 % found in ≤ 20 s, quick, every trial",
            len(in_time) == len(slower) if slower else None,
            f"{len(in_time)} of {len(slower)}, seconds"
            f" {_middle_and_worst([each.seconds for each in slower], '.1f')}"
            if slower
            else HINT.format("injected"),
        ),
        Target(
            f"0 false alarms in {AA_RUNS} A/A runs, quick",
            alarms == 0 if alarms or len(same) >= AA_RUNS else None,
            f"{alarms} in {len(same)}" if same else HINT.format("aa"),
        ),
    ]


def _within(wanted: str, values: Sequence[float], limit: float, form: str) -> Target:
    if not values:
        return Target(wanted, None, HINT.format("aa"))
    over = sum(value > limit for value in values)
    seen = f"{_middle_and_worst(values, form)}, above it {over} of {len(values)} trials"
    return Target(wanted, median(values) <= limit, seen)


def chosen(all_cases: Mapping[str, Case], names: Sequence[str]) -> list[Case]:
    """Return the cases of these names, all without any; raises SystemExit for an unknown one."""
    if unknown := [name for name in names if name not in all_cases]:
        raise SystemExit(
            f"no case is called {', '.join(unknown)}; known are {', '.join(all_cases)}\n"
            "Hint: python -m tests.runs.stopwatch 10 deep injected same"
        )
    return [all_cases[name] for name in (names or all_cases)]
