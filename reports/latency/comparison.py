"""What two stored runs can say about a filter's latency, and what they cannot."""

from collections.abc import Iterator, Sequence

from reports.latency.assembly import point
from reports.latency.finding import LatencyFinding
from reports.latency.text import APART
from reports.latency.wording import percent, revision, time


def compared(old: Sequence[LatencyFinding], new: Sequence[LatencyFinding]) -> Iterator[str]:
    """Yield the lines on latency of a comparison; never a verdict of one run against the other."""
    before = {(each.filter, each.release, each.gate): each for each in old}
    after = {(each.filter, each.release, each.gate): each for each in new}
    for key in [*before, *(key for key in after if key not in before)]:
        yield ""
        name = f"{key[0]} on {key[1]}, {key[2]}"
        if key not in after or key not in before:
            yield f"{name}: measured in the {'old' if key in before else 'new'} run only"
            continue
        yield f"{name}:"
        yield from (f"  {line}" for line in _pair(before[key], after[key]))


def _pair(old: LatencyFinding, new: LatencyFinding) -> Iterator[str]:
    for word, each in (("old", old), ("new", new)):
        yield f"{word}: {each.state}: {each.sentence}"
    if old.state in APART or new.state in APART:
        yield "cannot say: a run that decided nothing is nothing to compare with"
        return
    yield from _can(old, new)
    yield from _cannot(old, new)


def _can(old: LatencyFinding, new: LatencyFinding) -> Iterator[str]:
    one, other = old.modules.get("new", ""), new.modules.get("new", "")
    same = "the same module" if one == other else f"another module ({one[:12]} → {other[:12]})"
    setting = "" if old.configuration == new.configuration else ", another configuration"
    commits = " → ".join(dict.fromkeys(revision(each.commit) or "unknown" for each in (old, new)))
    yield f"can say: {same}{setting}, commit {commits}"
    if new.judged.delta and (sha256 := new.modules.get("ref")):
        versus = "the old run's module" if sha256 == one else f"{sha256[:12]}, another module"
        yield f"can say: the new run itself compared with {versus}: {new.state}"
    before, after = point(old), point(new)
    if before.envoy != after.envoy:
        return
    shift = after.overhead_ratio / before.overhead_ratio - 1 if before.overhead_ratio else 0.0
    apart = before.high < after.low or after.high < before.low
    yield (
        f"can say: normalised (overhead / no filter) {before.overhead_ratio * 100:.1f} % →"
        f" {after.overhead_ratio * 100:.1f} %, {percent(shift)}; the intervals"
        f" {'lie apart' if apart else 'overlap'}"
    )


def _cannot(old: LatencyFinding, new: LatencyFinding) -> Iterator[str]:
    if old.environment.envoy != new.environment.envoy:
        yield (
            f"cannot say: what became of the filter between Envoy {old.environment.envoy} and"
            f" {new.environment.envoy}. An upgrade changes what running it costs, so that the two"
            " figures are points of two histories"
        )
    before, after = old.judged.level.estimate, new.judged.level.estimate
    yield (
        "cannot say: whether the filter got slower or faster. They ran at different times: no"
        f" filter alone went from {time(before)} to {time(after)} ({percent(after / before - 1)}),"
        " and an interval covers one run, not the difference between two"
    )
    unlike = [
        f"{name} {was} → {now}"
        for name, was, now in (
            ("CPU", old.environment.cpu, new.environment.cpu),
            ("cores", old.environment.cores, new.environment.cores),
            ("kernel", old.environment.kernel, new.environment.kernel),
            ("mode", old.mode, new.mode),
        )
        if was != now
    ]
    if unlike:
        yield f"cannot say: anything that does not depend on {', '.join(unlike)}"
    upgraded = old.environment.envoy != new.environment.envoy
    yield (
        f"Hint: pytest suites/latency --proxy={old.environment.envoy},{new.environment.envoy}, both"
        " Envoys in one run"
        if upgraded
        else "Hint: pytest suites/latency --reference=<the old module>, both in one process"
    )
