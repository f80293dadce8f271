"""From single checks to counts, one verdict and one sentence that can be quoted."""

from collections.abc import Iterable, Mapping, Sequence

from reports.model import Check, Level, Report, Requirement, Summary, Verdict

LEVELS: tuple[Level, ...] = ("core", "hardened", "compat")
_COUNTER: Mapping[Verdict, str] = {
    "pass": "passed",
    "fail": "failed",
    "inconclusive": "inconclusive",
    "invalid": "invalid",
    "skipped": "skipped",
}


def judged(level: Level) -> tuple[Level, ...]:
    """Return the levels whose failures fail a run at ``level``; core is always one."""
    return LEVELS[: LEVELS.index(level) + 1]


def strictest(levels: Iterable[Level]) -> Level:
    """Return the level that is judged first among ``levels``."""
    return min(levels, key=LEVELS.index)


def subject(check: Check, requirements: Mapping[str, Requirement]) -> str:
    """Return whom a check is about: its filter, or else the contract of its first requirement."""
    return check.filter or requirements[check.requirements[0]].contract


def summarise(
    checks: Iterable[Check], requirements: Mapping[str, Requirement]
) -> tuple[Summary, ...]:
    """Return the counts per subject and level, subjects in alphabetical order."""
    counts: dict[tuple[str, int], dict[str, int]] = {}
    for check in checks:
        key = (subject(check, requirements), LEVELS.index(check.level))
        row = counts.setdefault(key, dict.fromkeys(_COUNTER.values(), 0))
        row[_COUNTER[check.verdict]] += 1
    return tuple(
        Summary.model_validate({"subject": whom, "level": LEVELS[index], **row})
        for (whom, index), row in sorted(counts.items())
    )


def overall(checks: Sequence[Check], level: Level, incomplete: str) -> Verdict:
    """Return the verdict of the whole run at ``level``.

    A judged failure is a failure whatever else happened; a run that was cut short, or in which a
    check ended in an error, is invalid, because silence about the rest is no pass.
    """
    seen = {check.verdict for check in checks if check.level in judged(level)}
    if "fail" in seen:
        return "fail"
    if incomplete:
        return "invalid"
    if "pass" in seen:
        return "pass"
    return "inconclusive" if seen & {"inconclusive", "invalid"} else "skipped"


def decided(summary: Summary) -> int:
    """Return how many checks came to a decision; all others are counted apart."""
    return summary.passed + summary.failed


def lines(summaries: Sequence[Summary]) -> tuple[str, ...]:
    """Return one line per subject: ``basic-auth cpp · core 57/57 · hardened 12/12 · 3 skipped``."""
    subjects = dict.fromkeys(each.subject for each in summaries)
    return tuple(_line(whom, [s for s in summaries if s.subject == whom]) for whom in subjects)


def _line(whom: str, rows: Sequence[Summary]) -> str:
    parts = [f"{row.level} {row.passed}/{decided(row)}" for row in rows if decided(row)]
    apart = {
        "invalid": sum(row.invalid for row in rows),
        "inconclusive": sum(row.inconclusive for row in rows),
        "skipped": sum(row.skipped for row in rows),
    }
    parts += [f"{number} {word}" for word, number in apart.items() if number]
    return " · ".join([whom, *parts])


def sentence(report: Report) -> str:
    """Return the verdict in one sentence: who did how much, on what."""
    where = _where(report.facts)
    text = ("; ".join(_claims(report)) or "no check ran") + where
    if report.incomplete:
        text += f"; incomplete: {report.incomplete}"
    return f"{report.verdict.upper()}: {text}"


def _claims(report: Report) -> list[str]:
    claims = []
    for whom in dict.fromkeys(each.subject for each in report.summaries):
        rows = [
            row
            for row in report.summaries
            if row.subject == whom and row.level in judged(report.level)
        ]
        done = [f"{row.passed} of {decided(row)} {row.level}" for row in rows if decided(row)]
        undone = sum(row.skipped + row.inconclusive + row.invalid for row in rows)
        claim = f"{whom} does {' and '.join(done)} checks" if done else f"{whom} was not judged"
        claims.append(f"{claim} ({undone} not judged)" if done and undone else claim)
    return claims


def _where(facts: Mapping[str, str]) -> str:
    parts = []
    if "istio" in facts:
        semantics = f" ({facts['semantics']} semantics)" if "semantics" in facts else ""
        parts.append(f"Istio {facts['istio']}{semantics}")
    if "envoy" in facts:
        parts.append(f"Envoy {facts['envoy']}")
    return f" on {', '.join(parts)}" if parts else ""
