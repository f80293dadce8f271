"""The published example: the two EnvoyFilters, applied as printed."""

from __future__ import annotations

import pytest

from suites.delivery.outcomes import expected
from suites.delivery.replies import challenged, verdict

pytestmark = pytest.mark.contract("basic-auth")

OLD_NAME, NAME = "envoy.http_connection_manager", "envoy.filters.network.http_connection_manager"
VERSION_LINES = "       proxy:\n         proxyVersion: ^1\\.9.*\n"


def without_version(text):
    assert text.count(VERSION_LINES) == 1
    return text.replace(VERSION_LINES, "")


RENDERINGS = {
    "as printed": lambda text: text,
    "without proxyVersion": without_version,
    "with the canonical filter name": lambda text: without_version(text).replace(OLD_NAME, NAME),
}


@pytest.fixture(scope="module")
def example(published, publisher, wasm_filter):
    url = publisher.publish(wasm_filter)
    return lambda rendering: RENDERINGS[rendering](published(url))


@pytest.fixture(scope="module")
def effective(example, cluster):
    """The published example in the first rendering that this release heeds."""
    rendering = next(
        name
        for name in RENDERINGS
        if expected("published", cluster.release.version, rendering=name)["effective"]
    )
    with cluster.applied(example(rendering), proof=challenged):
        yield rendering


@pytest.mark.requirement("DLV-1")
@pytest.mark.parametrize("rendering", RENDERINGS)
def test_a_rendering_takes_effect_in_the_releases_that_heed_it(
    cluster, gateway, example, rendering
):
    outcome = expected("published", cluster.release.version, rendering=rendering)

    with cluster.delivered(example(rendering)) as delivery:
        if outcome["effective"]:
            assert [each.sentence for each in delivery.ineffective] == []
            assert verdict(gateway) == "guarded"
        else:
            assert outcome["says"] in delivery.ineffective[0].sentence
            assert verdict(gateway) == "open"


@pytest.mark.requirement("DLV-2")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_product_page_asks_for_credentials(gateway, effective, method):
    reply = gateway.send(method, "/productpage")

    assert reply.status == 401
    assert len(reply.values("www-authenticate")) == 1


@pytest.mark.requirement("DLV-2")
@pytest.mark.parametrize("credentials", [("ok", "test"), ("admin3", "admin3")], ids=lambda c: c[0])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_both_published_credentials_open_it(gateway, effective, method, credentials):
    assert gateway.send(method, "/productpage", auth=credentials).status == 200


@pytest.mark.requirement("DLV-2")
@pytest.mark.parametrize("credentials", [("ok", "wrong"), ("YWRtaW4zOmFkbWluMw==", "")], ids=str)
def test_other_credentials_do_not(gateway, effective, credentials):
    assert gateway.send("GET", "/productpage", auth=credentials).status == 401


@pytest.mark.requirement("DLV-2")
@pytest.mark.parametrize(
    "method_and_path",
    [("GET", "/static/style.css"), ("GET", "/login"), ("PUT", "/productpage")],
    ids=" ".join,
)
def test_what_no_rule_names_stays_open(gateway, effective, method_and_path):
    assert gateway.send(*method_and_path).status == 200
