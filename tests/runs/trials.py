"""Trials of the stopwatch and what they come to: pure, so that the table can be tested."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from suites.latency.looks import Measured

#: States that say that something changed; where nothing did, that is a false alarm.
ALARMS = ("regression", "improvement", "over-budget")


@dataclass(frozen=True)
class Case:
    """A series of trials: what is wanted of each, "" where anything but an alarm will do."""

    name: str
    mode: str
    wanted: str
    trials: int

    @property
    def words(self) -> str:
        """Return what is wanted, in words."""
        return self.wanted or "no false alarm"

    def holds(self, state: str) -> bool:
        """Tell whether a trial with this state is as wanted."""
        return state == self.wanted if self.wanted else state not in ALARMS


@dataclass(frozen=True)
class Trial:
    """One trial: its verdict, the change that was seen (a share), and how long it took."""

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
        half_width=figure.delta.half_width if figure.delta else nan,
        aa=figure.aa.estimate if figure.aa else 0.0,
        sessions=found.estimates.sessions,
        seconds=seconds,
        foreign=environment.foreign,
        steal=environment.steal,
        reasons=found.verdict.reasons,
    )


def table(cases: Sequence[Case], trials: Sequence[Trial]) -> Iterator[str]:
    """Yield a row for each case, complete or not."""
    yield (
        f"{'':<22} {'wanted':<15} {'held':>7}  {'found':<34} {'p25 against the reference':<26}"
        f" {'half-width':<15} seconds each"
    )
    for case in cases:
        mine = [each for each in trials if each.case == case]
        if not mine:
            yield f"{case.name:<22} {case.words:<15} {f'0/{case.trials}':>7}  not tried"
            continue
        states = Counter(each.state for each in mine).most_common()
        changes = [each.change for each in mine]
        widths = [each.half_width for each in mine]
        held = sum(case.holds(each.state) for each in mine)
        yield (
            f"{case.name:<22} {case.words:<15} {f'{held}/{case.trials}':>7}"
            f"  {', '.join(f'{count} {state}' for state, count in states):<34}"
            f" {f'{min(changes):+.1%} to {max(changes):+.1%}':<26}"
            f" {f'{median(widths):.1%} ≤ {max(widths):.1%}':<15}"
            f" {median(each.seconds for each in mine):.0f}"
        )


def verdict(
    cases: Sequence[Case], trials: Sequence[Trial], seconds: float, stopped: str = ""
) -> tuple[str, int]:
    """Return the closing line, and an exit code: 0 all is as wanted, 1 it is not, 2 unfinished."""
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
    if failed:
        return f"NOT PROVEN: {len(failed)} trials are not as wanted: {told}", 1
    if len(trials) < asked:
        return f"UNFINISHED ({stopped or 'stopped'}): so far {told}", 2
    return f"PROVEN: {told}", 0


def chosen(all_cases: Mapping[str, Case], names: Sequence[str]) -> list[Case]:
    """Return the cases of these names, all without any; raises SystemExit for an unknown one."""
    if unknown := [name for name in names if name not in all_cases]:
        raise SystemExit(
            f"no case is called {', '.join(unknown)}; known are {', '.join(all_cases)}\n"
            "Hint: python -m tests.runs.stopwatch 10 deep injected same"
        )
    return [all_cases[name] for name in (names or all_cases)]
