"""What is said of the thing under test, what was measured of it, and whether it holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.combinations import combinations, names, of
from reports.model import Report, Verdict

HOLDS: Mapping[Verdict, str] = {"pass": "holds", "fail": "does not hold"}
OPEN = "not measured"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one check found of a claim; `subject` is the filter it looked at, if any, and where."""

    subject: str
    measured: str
    verdict: Verdict

    @property
    def holds(self) -> str:
        """Return whether the claim holds there, in words."""
        return HOLDS.get(self.verdict, OPEN)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence and everything that was measured of it."""

    sentence: str
    measurements: tuple[Measurement, ...]


def claims(report: Report) -> tuple[Claim, ...]:
    """Return the claims that checks of a report are about, by combination, then in order."""
    found: dict[str, list[Measurement]] = {}
    places = combinations(report.checks)
    known = names(places)
    for check in sorted(report.checks, key=lambda check: places.index(of(check))):
        if check.claim:
            # A check that did not come to a measurement says why.
            measured = check.measured or " ".join(check.message.split())
            whom = " · ".join(filter(None, [check.filter, known[of(check)]]))
            measurement = Measurement(whom, measured, check.verdict)
            found.setdefault(check.claim, []).append(measurement)
    return tuple(Claim(sentence, tuple(rows)) for sentence, rows in found.items())
