"""A module that cannot be fetched, or is none: what the release makes of it, never an open door."""

from __future__ import annotations

import pytest

from suites.delivery.fetching import LISTS, TOO_SLOW, check, documents
from suites.delivery.outcomes import expected
from suites.delivery.replies import challenged, verdict

pytestmark = pytest.mark.contract("basic-auth")

FAULTS = {
    "not found": lambda files, module: files.serve_status("auth.wasm", 404),
    "for others only": lambda files, module: files.serve_status("auth.wasm", 401),
    "unavailable": lambda files, module: files.serve_status("auth.wasm", 503),
    "too slow": lambda files, module: files.serve_slowly(
        "auth.wasm", module.read(), delay=TOO_SLOW
    ),
    "cut off": lambda files, module: files.serve_truncated("auth.wasm", module.read(), keep=1000),
}


@pytest.mark.requirement("DLV-3")
@pytest.mark.parametrize("lists", LISTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_new_filter_whose_module_is(
    cluster, gateway, publisher, wasm_filter, rules, fault, lists
):
    outcome = expected("unfetchable", cluster.release.version, lists=lists)
    url = FAULTS[fault](publisher, wasm_filter)

    with cluster.delivered(documents(cluster, url, rules, lists=lists)) as delivery:
        check(delivery, gateway, outcome, outcome["first"])


@pytest.mark.requirement("DLV-4")
@pytest.mark.parametrize("lists", LISTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_update_to_a_module_that_is(
    cluster, gateway, publisher, wasm_filter, rules, fault, lists
):
    outcome = expected("unfetchable", cluster.release.version, lists=lists)
    good, bad = publisher.publish(wasm_filter), FAULTS[fault](publisher, wasm_filter)
    working = documents(cluster, good, rules, lists=lists)

    with (
        cluster.applied(working, proof=challenged),
        cluster.delivered(working.replace(good, bad)) as delivery,
    ):
        state = "guarded" if outcome["update"] == "as before" else outcome["update"]
        check(delivery, gateway, outcome, state)


@pytest.mark.requirement("DLV-5")
@pytest.mark.parametrize("lists", LISTS)
def test_a_wrong_checksum_is_no_module(cluster, gateway, publisher, wasm_filter, rules, lists):
    outcome = expected("unfetchable", cluster.release.version, lists=lists)
    url = publisher.publish(wasm_filter)

    with cluster.delivered(
        documents(cluster, url, rules, lists=lists, sha256="0" * 64)
    ) as delivery:
        assert publisher.checksum(wasm_filter) in delivery.fetch_failures[0]
        check(delivery, gateway, outcome, outcome["first"])


@pytest.mark.requirement("DLV-6")
def test_a_server_error_that_passes_is_tried_again(cluster, publisher, wasm_filter, rules):
    url = publisher.serve_status("auth.wasm", 503, then=wasm_filter, times=1)

    with cluster.applied(cluster.render(url, rules, name="late"), proof=challenged):
        assert publisher.requests(url) == 2


@pytest.mark.requirement("DLV-7")
@pytest.mark.parametrize("body", [b"<html>please log in</html>", b""], ids=["a page", "nothing"])
@pytest.mark.usefixtures("wasm_filter")
def test_bytes_that_are_no_module_never_run(cluster, gateway, publisher, rules, body):
    stopped_by = expected("not-wasm", cluster.release.version)["stopped-by"]
    url = publisher.serve("auth.wasm", body)

    with cluster.delivered(documents(cluster, url, rules)) as delivery:
        if stopped_by == "agent":
            outcome = expected("unfetchable", cluster.release.version, lists="wasm")
            check(delivery, gateway, outcome, outcome["first"])
        else:
            assert "Unable to create Wasm" in delivery.refusals[0]
            assert verdict(gateway) == "500"


@pytest.mark.requirement("DLV-7")
def test_a_module_cut_in_half_is_refused_by_the_proxy(
    cluster, gateway, publisher, wasm_filter, rules
):
    body = wasm_filter.read()
    url = publisher.serve("auth.wasm", body[: len(body) // 2])

    with cluster.delivered(documents(cluster, url, rules)) as delivery:
        assert delivery.fetch_failures == ()
        assert "Unable to create Wasm" in delivery.refusals[0]
        assert verdict(gateway) == "500"


@pytest.mark.requirement("DLV-7")
@pytest.mark.parametrize("probe", ["no_abi", "unknown_import", "trap_start", "refuse"])
def test_a_module_that_cannot_start_is_refused_and_the_old_filter_serves(
    cluster, gateway, publisher, probe_module, wasm_filter, rules, probe
):
    good, bad = publisher.publish(wasm_filter), publisher.publish(probe_module(probe))
    working = documents(cluster, good, rules)

    with (
        cluster.applied(working, proof=challenged),
        cluster.delivered(working.replace(good, bad)) as delivery,
    ):
        assert "Unable to create Wasm" in delivery.refusals[0]
        assert verdict(gateway) == "guarded"
