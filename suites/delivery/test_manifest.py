"""The user's own documents (--manifest), applied as they are."""

from __future__ import annotations

import pytest

from suites.delivery.answers import answers, broken, problems

HINT = "Hint: with --filter=FILE.wasm that module stands in for the one that cannot be fetched"


@pytest.fixture(scope="module")
def documents(given_manifest, publisher, given_filter, filter_progress):
    """The manifest; with one --filter, as it would be with that module on the file server."""
    if given_filter is None or not given_manifest.urls:
        return given_manifest.text
    for url in given_manifest.urls:
        filter_progress(f"manifest: {given_filter.label} stands in for {url}")
    return given_manifest.serving(publisher.publish(given_filter)).text


@pytest.fixture(scope="module")
def effective(cluster, documents):
    """The documents, where they take effect at all."""
    with cluster.delivered(documents) as delivery:
        if problems(delivery):
            pytest.skip("the documents do not take effect, see ANY-1")
    return documents


@pytest.mark.requirement("ANY-1")
def test_every_patch_takes_effect_and_the_proxy_accepts_it(cluster, documents, record_property):
    with cluster.delivered(documents) as delivery:
        told = "\n".join([*problems(delivery), *([HINT] if delivery.fetch_failures else [])])
        record_property("actual", told)
        assert problems(delivery) == [], told
        assert delivery.outcomes, "no patch at all"


@pytest.mark.requirement("ANY-2")
def test_the_gateway_answers_with_the_documents_in_effect(cluster, gateway, effective):
    with cluster.applied(effective):
        assert broken(answers(gateway)) == {}


@pytest.mark.requirement("ANY-3")
def test_without_them_the_gateway_is_as_before(cluster, gateway, effective):
    before = answers(gateway)
    with cluster.applied(effective):
        pass

    assert answers(gateway) == before
    cluster.wait_for_machines(0)
