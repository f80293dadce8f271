"""From single checks to counts, one verdict and one sentence that can be quoted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.combinations import Combination, combinations, names, of
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
    """Return the counts per subject, combination and level, subjects in alphabetical order."""
    checks = tuple(checks)
    places = combinations(checks)
    counts: dict[tuple[str, int, int], dict[str, int]] = {}
    for check in checks:
        whom, at = subject(check, requirements), places.index(of(check))
        key = (whom, at, LEVELS.index(check.level))
        row = counts.setdefault(key, dict.fromkeys(_COUNTER.values(), 0))
        row[_COUNTER[check.verdict]] += 1
    return tuple(
        Summary.model_validate(
            {
                "subject": whom,
                "release": places[at].release,
                "proxy": places[at].proxy,
                "level": LEVELS[index],
                **row,
            }
        )
        for (whom, at, index), row in sorted(counts.items())
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


@dataclass(frozen=True, slots=True)
class Overview:
    """What one filter achieved: ``3/5`` per level it was checked at, and what counts apart.

    `where` tells in which combination, empty where the report has only one.
    """

    subject: str
    where: str
    achieved: Mapping[Level, str]
    failed: frozenset[Level]
    apart: str

    def __str__(self) -> str:
        """Return ``basic-auth cpp · istio 1.9 · core 57/57 · hardened 12/12 · 3 skipped``."""
        levels = [f"{level} {count}" for level, count in self.achieved.items()]
        return " · ".join(filter(None, [self.subject, self.where, *levels, self.apart]))


def overviews(summaries: Sequence[Summary]) -> tuple[Overview, ...]:
    """Return one overview per filter and combination, in the order of the summaries."""
    known = names(combinations(summaries))
    groups: dict[tuple[str, Combination], list[Summary]] = {}
    for each in summaries:
        groups.setdefault((each.subject, of(each)), []).append(each)
    return tuple(_overview(whom, known[place], rows) for (whom, place), rows in groups.items())


def _overview(whom: str, where: str, rows: Sequence[Summary]) -> Overview:
    apart = {
        "invalid": sum(row.invalid for row in rows),
        "inconclusive": sum(row.inconclusive for row in rows),
        "skipped": sum(row.skipped for row in rows),
    }
    return Overview(
        whom,
        where,
        {row.level: f"{row.passed}/{decided(row)}" for row in rows if decided(row)},
        frozenset(row.level for row in rows if row.failed),
        " · ".join(f"{number} {word}" for word, number in apart.items() if number),
    )


def sentence(report: Report) -> str:
    """Return the verdict in one sentence: who passes how much, on what."""
    return f"{report.verdict.upper()}: {claim(report)}"


def claim(report: Report) -> str:
    """Return the sentence without the word that opens it."""
    text = ("; ".join(_claims(report)) or "no check ran") + _where(report.facts)
    return f"{text}; incomplete: {report.incomplete}" if report.incomplete else text


def _claims(report: Report) -> list[str]:
    claims = []
    for whom in dict.fromkeys(each.subject for each in report.summaries):
        rows = [
            row
            for row in report.summaries
            if row.subject == whom and row.level in judged(report.level)
        ]
        counts = {
            level: [sum(values) for values in zip(*found, strict=True)]
            for level in judged(report.level)
            if (found := [(row.passed, decided(row)) for row in rows if row.level == level])
        }
        done = [f"{passed} of {all_} {level}" for level, (passed, all_) in counts.items() if all_]
        undone = sum(row.skipped + row.inconclusive + row.invalid for row in rows)
        text = f"{whom} passes {' and '.join(done)} checks" if done else f"{whom} was not judged"
        claims.append(f"{text} ({undone} not judged)" if done and undone else text)
    return claims


def _where(facts: Mapping[str, str]) -> str:
    parts = []
    if "istio" in facts:
        semantics = f" ({facts['semantics']} semantics)" if "semantics" in facts else ""
        parts.append(f"Istio {facts['istio']}{semantics}")
    if "envoy" in facts:
        parts.append(f"Envoy {facts['envoy']}")
    return f" on {', '.join(parts)}" if parts else ""
