"""Two stored runs side by side: checks whose verdict changed, and latency with its limits."""

from collections.abc import Iterator

from reports.latency.comparison import compared
from reports.model import Report


def compare(old: Report, new: Report) -> str:
    """Return what changed from one run to the other, ending in a line break."""
    return "".join(f"{line}\n" for line in _lines(old, new))


def _lines(old: Report, new: Report) -> Iterator[str]:
    yield f"verdict: {old.verdict} → {new.verdict}"
    facts = {name: (old.facts.get(name, "–"), new.facts.get(name, "–")) for name in new.facts}
    for name, (was, now) in facts.items():
        if was != now:
            yield f"{name}: {was} → {now}"
    yield from _checks(old, new)
    yield from compared(old.latency, new.latency)


def _checks(old: Report, new: Report) -> Iterator[str]:
    before = {check.nodeid: check for check in old.checks}
    after = {check.nodeid: check for check in new.checks}
    common = [nodeid for nodeid in after if nodeid in before]
    changed = [each for each in common if before[each].verdict != after[each].verdict]
    yield (
        f"checks: {len(common)} in both runs, {len(changed)} with another verdict;"
        f" {len(before) - len(common)} only in the old one, {len(after) - len(common)} only in the"
        " new one"
    )
    for nodeid in changed:
        rules = ", ".join(after[nodeid].requirements)
        yield f"  {before[nodeid].verdict} → {after[nodeid].verdict}: {rules} {nodeid}"
