"""What is said of the thing under test, what was measured of it, and whether it holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.model import Report, Verdict

HOLDS: Mapping[Verdict, str] = {"pass": "holds", "fail": "does not hold"}
OPEN = "not measured"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one check found of a claim; `subject` is the filter it looked at, if any."""

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
    """Return the claims that checks of a report are about, in the order of the checks."""
    found: dict[str, list[Measurement]] = {}
    for check in report.checks:
        if check.claim:
            # A check that did not come to a measurement says why.
            measured = check.measured or " ".join(check.message.split())
            measurement = Measurement(check.filter, measured, check.verdict)
            found.setdefault(check.claim, []).append(measurement)
    return tuple(Claim(sentence, tuple(rows)) for sentence, rows in found.items())
