"""What a reader looks at first: failures by requirement and filter, and what nobody checked."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.model import Check, Level, Report, Requirement
from reports.verdict import judged, subject


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement that one filter did not meet, or that could not be checked on it."""

    requirement: Requirement
    subject: str
    checks: tuple[Check, ...]

    @property
    def first(self) -> Check:
        """The check to read first."""
        return self.checks[0]


def broken(report: Report) -> tuple[Finding, ...]:
    """Return what fails the run: judged failures, and checks that ended in an error."""
    levels = judged(report.level)
    return _grouped(
        report,
        [
            check
            for check in report.checks
            if check.verdict == "invalid" or (check.verdict == "fail" and check.level in levels)
        ],
    )


def below_level(report: Report) -> tuple[Finding, ...]:
    """Return the failures that this run reports without judging them."""
    levels = judged(report.level)
    return _grouped(
        report,
        [each for each in report.checks if each.verdict == "fail" and each.level not in levels],
    )


def not_checked(report: Report) -> tuple[Requirement, ...]:
    """Return the requirements of the report that no check looked at, not even to skip it."""
    used = {each for check in report.checks for each in check.requirements}
    return tuple(each for each in report.requirements if each.id not in used)


def _grouped(report: Report, checks: Sequence[Check]) -> tuple[Finding, ...]:
    requirements = {each.id: each for each in report.requirements}
    groups: dict[tuple[Level, str, str], list[Check]] = {}
    for check in checks:
        whom = subject(check, requirements)
        for requirement in check.requirements:
            groups.setdefault((check.level, requirement, whom), []).append(check)
    return tuple(
        Finding(requirements[requirement], whom, tuple(found))
        for (_, requirement, whom), found in groups.items()
    )
