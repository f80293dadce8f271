"""A filter that is changed, joined by another, refused or removed while the gateway serves."""

from __future__ import annotations

import json

import pytest

from suites.delivery.answers import asking
from suites.delivery.replies import challenged, verdict

pytestmark = pytest.mark.contract("basic-auth")

OTHER = ("new", "secret")


def opens(credentials):
    return lambda gateway: gateway.send("GET", "/productpage", auth=credentials).status == 200


@pytest.fixture
def guarded(cluster, publisher, wasm_filter, rules):
    """The gateway with the published rules in place; gives the documents that did it."""
    url = publisher.publish(wasm_filter)
    checksum = publisher.checksum(wasm_filter)
    text = cluster.render(url, rules, name="updated", sha256=checksum)
    with cluster.applied(text, proof=challenged):
        yield text


def with_credentials(documents, rules, credentials):
    changed = json.loads(rules)
    changed["basic_auth_rules"][0]["credentials"] = [":".join(credentials)]
    assert documents.count(rules) == 1
    return documents.replace(rules, json.dumps(changed))


@pytest.mark.requirement("DLV-8")
def test_a_removed_filter_is_gone(cluster, gateway, publisher, wasm_filter, rules):
    assert verdict(gateway) == "open"
    text = cluster.render(publisher.publish(wasm_filter), rules, name="removed")
    with cluster.applied(text, proof=challenged):
        assert verdict(gateway) == "guarded"

    assert verdict(gateway) == "open"


@pytest.mark.requirement("DLV-9")
def test_changed_credentials_take_effect_and_the_old_ones_end(cluster, gateway, guarded, rules):
    # A rule's other methods are open with any credentials, so the proof must be a GET.
    replaced = with_credentials(guarded, rules, OTHER)
    with cluster.delivered(replaced) as delivery:
        assert delivery.refusals == ()
        assert opens(OTHER)(gateway)
        assert not opens(("ok", "test"))(gateway)

    assert opens(("ok", "test"))(gateway)
    assert not opens(OTHER)(gateway)


@pytest.mark.requirement("DLV-9")
def test_no_request_slips_through_while_credentials_change(cluster, gateway, guarded, rules):
    with asking(gateway) as statuses:
        for number in range(5):
            replaced = with_credentials(guarded, rules, ("user", f"password-{number}"))
            with cluster.delivered(replaced) as delivery:
                assert delivery.refusals == ()

    assert len(statuses) > 10
    assert set(statuses) == {401}


@pytest.mark.requirement("DLV-10")
@pytest.mark.parametrize("bad", ["{", '{"basic_auth_rules": []}'], ids=["no JSON", "no rules"])
def test_a_configuration_that_the_filter_refuses_leaves_the_old_one_serving(
    cluster, gateway, guarded, rules, bad
):
    with cluster.delivered(guarded.replace(rules, bad)) as delivery:
        assert "Unable to create Wasm" in delivery.refusals[0]
        assert verdict(gateway) == "guarded"

    assert verdict(gateway) == "guarded"


@pytest.mark.requirement("DLV-10")
def test_refused_bytes_that_come_again_are_still_refused(cluster, gateway, guarded, rules):
    for _ in range(2):
        with cluster.delivered(guarded.replace(rules, "{")) as delivery:
            assert delivery.refusals
            assert verdict(gateway) == "guarded"


@pytest.mark.requirement("DLV-11")
def test_two_filters_work_side_by_side(cluster, gateway, guarded, publisher, other_filter):
    module = other_filter("headers")
    text = cluster.render(
        publisher.publish(module), '{"replace": {"hello": "world"}}', name="headers"
    )

    with cluster.applied(
        text, proof=lambda gw: gw.send("GET", "/login").header("hello") == "world"
    ):
        assert gateway.send("GET", "/productpage").status == 401
        reply = gateway.send("GET", "/productpage", auth=("ok", "test"))
        assert reply.status == 200
        assert reply.header("hello") == "world"
