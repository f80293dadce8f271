"""What an agent remembers of a module: an address that moves on, a server that goes away."""

from __future__ import annotations

import pytest

from suites.delivery.fetching import check
from suites.delivery.outcomes import expected
from suites.delivery.replies import challenged, verdict

pytestmark = pytest.mark.contract("basic-auth")

POLICY, VERSION = "ISTIO_META_WASM_IMAGE_PULL_POLICY", "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"
POLICIES = ("unspecified", "IfNotPresent", "Always")
#: Stands in the documents for what changes from one delivery to the next.
REVISION, DETAIL = "resource-version-one", "detail-one"


@pytest.fixture
def served(request, cluster, publisher, wasm_filter, probe_module):
    """A function from (source, tag) to the module's address, and what moves it, or takes it away.

    After the move the address gives a module that lets everybody in.
    """

    def over_http(tag):
        url = publisher.serve(f"auth-{tag}.wasm", wasm_filter.read())
        return (
            url,
            lambda: publisher.replace(url, probe_module("empty").read()),
            lambda: publisher.remove(url),
            wasm_filter.sha256,
        )

    def as_image(tag):
        if not expected("oci", cluster.release.version)["fetched"]:
            pytest.skip(f"Istio {cluster.release.name} fetches no images (it is 1.12 that does)")
        registry = request.getfixturevalue("image_registry")
        url = registry.publish(wasm_filter, tag=tag)
        return (
            url,
            lambda: registry.retag(url, probe_module("empty")),
            registry.stop,
            registry.checksum(url),
        )

    return lambda source, tag="1": {"http": over_http, "oci": as_image}[source](tag)


def revised(cluster, url, rules, policy="unspecified", **options):
    environment = {VERSION: REVISION, "DETAIL": DETAIL}
    if policy != "unspecified":
        environment[POLICY] = policy
    return cluster.render(url, rules, name="remembered", environment=environment, **options)


@pytest.mark.requirement("DLV-23")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("source", ["http", "oci, 1", "oci, latest"])
def test_an_address_that_moves_on_is_followed_as_the_pull_policy_says(
    cluster, gateway, served, rules, source, policy
):
    source, _, tag = source.partition(", ")
    url, move, _, _ = served(source, tag or "1")
    outcome = expected("moved", cluster.release.version, source=source, policy=policy, tag=tag)
    first = revised(cluster, url, rules, policy)

    with cluster.applied(first, proof=challenged):
        move()
        second = first.replace(DETAIL, "detail-two")
        with cluster.delivered(second):
            assert verdict(gateway) == ("open" if outcome["noticed"] else "guarded")
            with cluster.delivered(second.replace(REVISION, "resource-version-two")):
                noticed = outcome["noticed-as-new-version"]
                assert verdict(gateway) == ("open" if noticed else "guarded")


@pytest.mark.requirement("DLV-24")
@pytest.mark.parametrize("checksum", ["given", "missing"])
@pytest.mark.parametrize("source", ["http", "oci"])
def test_a_change_while_the_server_is_down_takes_effect_or_changes_nothing(
    cluster, gateway, served, rules, source, checksum
):
    url, _, take_away, sha256 = served(source)
    options = {"sha256": sha256 if checksum == "given" else "", "timeout": "0.2s"}
    first = revised(cluster, url, rules, **options)
    changed = first.replace("ok:test", "ok:changed").replace(DETAIL, "detail-two")

    with cluster.applied(first, proof=challenged):
        take_away()
        with cluster.delivered(changed) as delivery:
            if expected("down", cluster.release.version, source=source, checksum=checksum)["works"]:
                assert delivery.fetch_failures == ()
                assert gateway.send("GET", "/productpage", auth=("ok", "changed")).status == 200
                assert gateway.send("GET", "/productpage", auth=("ok", "test")).status == 401
            else:
                outcome = expected("unfetchable", cluster.release.version, lists="wasm")
                check(delivery, gateway, outcome, "guarded")
