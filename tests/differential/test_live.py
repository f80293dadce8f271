"""What is kept is what a real istiod still answers: a sample of what the command `live` asks."""

import pytest

from clusters.local.binaries import BinariesMissing
from clusters.local.binaries import find as find_binaries
from clusters.release import find
from tests.differential import golden, sets
from tests.differential.__main__ import of_istiod
from tests.differential.differences import differences

#: One that selects, one that merges into what istiod shares, one refused, one of each other kind.
SAMPLE = (
    "http_filter/base",
    "http_filter/insert-before-router",
    "http_filter/merge-other-type",
    "listener/filter-merge",
    "route/configuration-merge-bools",
    "cluster/remove-all",
    "refused/wrong-enum-inside",
    "gateway/https-two-servers",
    "virtual_service/two-services-one-host",
    "wasm/phases",
    "generated_filters/001",
)


@pytest.mark.parametrize("release", golden.RECORDED)
def test_a_real_istiod_still_answers_what_is_kept(release: str) -> None:
    try:
        find_binaries(find(release))
    except BinariesMissing as missing:
        pytest.skip(str(missing))
    chosen = [sets.known()[name] for name in SAMPLE]
    for one, answer in of_istiod(find(release), chosen):
        kept = golden.read(release, one)
        assert not list(differences(kept, answer)), f"{one.name}: {one.shows}"
