"""What counts as growth: a heap that comes to its end is none, a leak goes on."""

import pytest

from suites.footprints import LEAST, grown


@pytest.mark.parametrize(
    ("readings", "added", "works"),
    [
        ((10_000_000, 10_400_000), 400_000, 1),
        ((10_000_000, 10_600_000, 10_600_000, 10_610_000), 10_000, 2),
        ((10_000_000, 10_600_000, 10_600_000, 11_200_000), 600_000, 2),
        ((1000, 1000 + LEAST), LEAST, 1),
    ],
    ids=["little", "a heap", "a leak", "little of little"],
)
def test_growth_that_goes_on_is_growth(readings, added, works):
    seen, done = iter(readings), []

    found = grown(lambda: next(seen), lambda: done.append(1))

    assert found[1] == added
    assert len(done) == works
