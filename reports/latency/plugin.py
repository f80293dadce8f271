"""What a check of latency is given: the statistics, and a place for what it found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reports import latency
from reports.latency import references, stored
from reports.latency.assembly import finding

if TYPE_CHECKING:
    from types import ModuleType

    from reports.latency import Budget, Estimates, Measurement, Thresholds, Verdict
    from reports.latency.finding import LatencyFinding

FINDINGS = pytest.StashKey[list[str]]()
UNDECIDED = ("inconclusive", "invalid")


class LatencyFindings:
    """Takes what one check measured into the report, and ends the check as the verdict says."""

    def __init__(self, item: pytest.Item, folder: Path) -> None:
        """Record for ``item``; raw blocks go below ``folder``, the report's."""
        self._item = item
        self._folder = folder

    def record(
        self,
        measurement: Measurement,
        estimates: Estimates,
        verdict: Verdict,
        *,
        thresholds: Thresholds,
        budget: Budget | None = None,
        module: Path | None = None,
    ) -> LatencyFinding:
        """Return the finding as it will stand in the report; also keep its blocks and module.

        With ``module``, the candidate's file, ``python -m reports accept`` can accept it later.
        """
        found = finding(measurement, estimates, verdict, thresholds=thresholds, budget=budget)
        raw = stored.write(measurement, self._folder / "latency")
        if module:
            references.keep(module, self._folder / "latency")
        found = found.model_copy(update={"raw": raw.relative_to(self._folder).as_posix()})
        self._item.stash.setdefault(FINDINGS, []).append(found.model_dump_json())
        self._item.user_properties += [
            ("latency", found.sentence),
            ("latency-verdict", found.state),
        ]
        return found

    def settle(self, verdict: Verdict) -> None:
        """Pass, fail, or leave the check undecided, which counts apart from both."""
        text = f"{verdict.state.upper()}: {'; '.join(verdict.reasons)}"
        if verdict.outcome == "fail":
            pytest.fail(text, pytrace=False)
        if verdict.outcome in UNDECIDED:
            self._item.user_properties.append(("verdict", verdict.outcome))
            pytest.skip(text)


@pytest.fixture(scope="session")
def latency_statistics() -> ModuleType:
    """The package ``reports.latency``: its shapes, ``estimate`` and ``judge``."""
    return latency


@pytest.fixture(scope="session")
def judged_together(request: pytest.FixtureRequest) -> int:
    """How many filters, or one of them in several places, this run judges the latency of."""
    items = request.session.items
    return sum("latency_findings" in getattr(each, "fixturenames", ()) for each in items)


@pytest.fixture
def latency_findings(request: pytest.FixtureRequest) -> LatencyFindings:
    """Where a check records what it measured, and how it ends by its verdict."""
    return LatencyFindings(request.node, Path(request.config.option.report_dir))
