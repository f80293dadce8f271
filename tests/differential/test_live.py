"""What is kept is what real istiod and agents still answer: a sample of what `live` asks."""

import pytest

from clusters.local.binaries import BinariesMissing
from clusters.local.binaries import find as find_binaries
from clusters.release import find
from tests.differential import golden, sets
from tests.differential.__main__ import of_istiod
from tests.differential.agent import cases, kept, running
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

#: One of each form, failure, policy, layout, and what differs between the two releases.
CASES = (
    "bytes/gzip-of-tar",
    "checksums/other-content",
    "environment/both",
    "failures/policy-struct",
    "forms/typed-struct",
    "forms/unknown-field-struct",
    "http/plain",
    "http/not-found",
    "images/artifact",
    "images/another-layer",
    "images/bearer",
    "policies/image-latest",
    "responses/removed-beside-a-failing",
    "responses/two-unreadable",
)


def skip_without_binaries(release: str) -> None:
    try:
        find_binaries(find(release))
    except BinariesMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("release", golden.RECORDED)
def test_a_real_istiod_still_answers_what_is_kept(release: str) -> None:
    skip_without_binaries(release)
    chosen = [sets.known()[name] for name in SAMPLE]
    for one, answer in of_istiod(find(release), chosen):
        kept = golden.read(release, one)
        assert not list(differences(kept, answer)), f"{one.name}: {one.shows}"


@pytest.mark.parametrize("release", golden.RECORDED)
def test_a_real_agent_still_does_what_is_kept(release: str) -> None:
    skip_without_binaries(release)
    chosen = [cases.known()[name] for name in CASES]
    for name, answer in running.of_real(find(release), chosen).items():
        found = [one.place for one in differences(kept.read(release, name), answer)]
        assert not found, f"{name}: {cases.known()[name].shows}"
