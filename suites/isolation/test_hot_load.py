"""A filter comes, changes and goes in a proxy that goes on."""

from __future__ import annotations

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from suites.delivery.answers import asking
from suites.deployment import PLACEHOLDER, Deployment

pytestmark = pytest.mark.contract("headers")

BEFORE, AFTER = ({"replace": {"hello": value}} for value in ("first", "second"))


def ask(connection):
    connection.request("GET", "/productpage")
    reply = connection.getresponse()
    reply.read()
    return reply.getheader("hello")


def says(value):
    return lambda gateway: gateway.send("GET", "/productpage").header("hello") == value


@pytest.mark.requirement("ISO-1")
@pytest.mark.claim("A filter is loaded, changed and removed in the running proxy: no restart.")
def test_the_proxy_goes_on_while_a_filter_comes_changes_and_goes(
    cluster, gateway, publisher, wasm_filter, record_property
):
    process = cluster.process
    address = urlsplit(gateway.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    template = cluster.render(publisher.publish(wasm_filter), PLACEHOLDER, name=wasm_filter.name)
    deployment = Deployment(cluster, template)

    with (
        closing(connection),
        asking(gateway) as statuses,
        cluster.applied(deployment.documents(BEFORE), proof=says("first")),
    ):
        assert ask(connection) == "first"
        kept = connection.sock
        assert kept is not None
        with deployment.changed(AFTER) as delivery:
            assert delivery.refusals == ()
            # http.client would connect anew without a word, were it closed.
            assert ask(connection) == "second"
            assert connection.sock is kept

    record_property(
        "measured",
        f"{process} throughout; a kept connection lived on over the change; {len(statuses)} "
        f"requests meanwhile, {sum(status == 200 for status in statuses)} of them answered 200",
    )
    assert cluster.process == process
    assert set(statuses) == {200}
