"""One measurement for each filter that is judged, however many checks look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from suites.latency.looks import Measured, measured

if TYPE_CHECKING:
    from suites.subjects import Subject

#: The order of blocks is random and the same in every run.
SEED = 20210209


@pytest.fixture(scope="module")
def cost(
    subject: Subject, stopwatch: Any, latency_statistics: Any, judged_together: int
) -> Measured:
    """What the filter costs per request, measured once for all checks."""
    return measured(latency_statistics, stopwatch, subject, seed=SEED, among=judged_together)
