"""A module that cannot be fetched for a filter that fails open."""

from __future__ import annotations

import pytest

from suites.delivery.fetching import LISTS, check, documents
from suites.delivery.outcomes import expected
from suites.delivery.replies import challenged

pytestmark = pytest.mark.contract("basic-auth")


@pytest.fixture(params=["http", "oci"])
def gone(request, publisher, wasm_filter):
    """An address where no module is."""
    if request.param == "http":
        return publisher.serve_status("auth.wasm", 404)
    registry = request.getfixturevalue("image_registry")
    url = registry.publish(wasm_filter)
    registry.fail(url, 404)
    return url


@pytest.mark.requirement("DLV-20")
@pytest.mark.parametrize("lists", LISTS)
def test_a_new_filter_lets_everybody_in_or_nobody(cluster, gateway, gone, rules, lists):
    outcome = expected("unfetchable-open", cluster.release.version, lists=lists)

    with cluster.delivered(
        documents(cluster, gone, rules, lists=lists, fail_open=True)
    ) as delivery:
        check(delivery, gateway, outcome, outcome["first"])


@pytest.mark.requirement("DLV-20")
@pytest.mark.parametrize("lists", LISTS)
def test_an_update_opens_only_what_was_said_to_fail_open(
    cluster, gateway, publisher, wasm_filter, gone, rules, lists
):
    outcome = expected("unfetchable-open", cluster.release.version, lists=lists)
    good = publisher.publish(wasm_filter)
    working = documents(cluster, good, rules, lists=lists, fail_open=True)

    with (
        cluster.applied(working, proof=challenged),
        cluster.delivered(working.replace(good, gone)) as delivery,
    ):
        check(delivery, gateway, outcome, outcome["update"])
