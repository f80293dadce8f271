"""What a reader looks at first: failures by requirement, spoilt checks by cause, and holes."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.combinations import combinations, names, where
from reports.model import Check, Level, Report, Requirement
from reports.verdict import judged, subject


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement that one filter did not meet; `where`, if there are several combinations."""

    requirement: Requirement
    subject: str
    checks: tuple[Check, ...]
    where: str = ""

    @property
    def first(self) -> Check:
        """The check to read first."""
        return self.checks[0]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One cause, such as a configuration that did not take effect, that spoilt checks."""

    subject: str
    message: str
    checks: tuple[Check, ...]
    where: str = ""

    @property
    def first(self) -> Check:
        """The check to read first."""
        return self.checks[0]

    @property
    def requirements(self) -> tuple[str, ...]:
        """The ids that could not be checked."""
        return tuple(dict.fromkeys(each for check in self.checks for each in check.requirements))


def broken(report: Report) -> tuple[Finding, ...]:
    """Return the failures that fail the run."""
    levels = judged(report.level)
    return _grouped(
        report,
        [each for each in report.checks if each.verdict == "fail" and each.level in levels],
    )


def troubles(report: Report) -> tuple[Trouble, ...]:
    """Return why checks gave no valid result, each cause once however many it stopped.

    A measurement that noise spoilt is none: it is told with the figures, and breaks nothing.
    """
    measured = {each.check for each in report.latency}
    requirements = {each.id: each for each in report.requirements}
    groups: dict[tuple[str, str], list[Check]] = {}
    for check in report.checks:
        if check.verdict == "invalid" and check.nodeid not in measured:
            groups.setdefault((subject(check, requirements), check.message), []).append(check)
    known = names(combinations(report.checks))
    return tuple(
        Trouble(whom, text, tuple(found), where(found, known))
        for (whom, text), found in groups.items()
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
    groups: dict[tuple[str, str, Level], list[Check]] = {}
    for check in checks:
        for requirement in check.requirements:
            key = (requirement, subject(check, requirements), check.level)
            groups.setdefault(key, []).append(check)
    order = list(requirements)
    known = names(combinations(report.checks))
    return tuple(
        Finding(requirements[requirement], whom, tuple(found), where(found, known))
        for (requirement, whom, _), found in sorted(
            groups.items(), key=lambda group: (order.index(group[0][0]), group[0][1:])
        )
    )
