"""A module in an image registry: which images are fetched, and what becomes of the others."""

from __future__ import annotations

import pytest

from suites.delivery.fetching import LISTS, TOO_SLOW, check, documents
from suites.delivery.outcomes import expected
from suites.delivery.replies import challenged

pytestmark = pytest.mark.contract("basic-auth")

LAYOUTS = ("docker", "compat", "artifact")
SECRET = "ISTIO_META_WASM_IMAGE_PULL_SECRET"
LIMIT = 10_000


@pytest.fixture
def held(cluster, gateway, rules):
    """A function that delivers documents for an image and holds what happens against a row."""

    def hold(url, row, **options):
        supported = expected("oci", cluster.release.version)
        row = row if supported["fetched"] else supported
        rendered = documents(cluster, url, rules, **{"timeout": "5s"} | options)
        if row["fetched"]:
            with cluster.applied(rendered, proof=challenged):
                return
        outcome = expected("unfetchable", cluster.release.version, lists="wasm")
        with cluster.delivered(rendered) as delivery:
            assert row["says"] in delivery.fetch_failures[0]
            check(delivery, gateway, outcome, outcome["first"])

    return hold


FETCHED = {"fetched": True}


def unfetched(says):
    return {"fetched": False, "says": says}


@pytest.mark.requirement("DLV-30")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("registry", ["image_registry", "docker_registry"])
def test_every_layout_is_fetched(request, wasm_filter, held, registry, layout):
    url = request.getfixturevalue(registry).publish(wasm_filter, layout=layout)

    held(url, FETCHED)


@pytest.mark.requirement("DLV-30")
def test_an_image_is_fetched_by_its_digest(image_registry, wasm_filter, held):
    held(image_registry.pinned(image_registry.publish(wasm_filter)), FETCHED)


@pytest.mark.requirement("DLV-30")
def test_a_second_layer_below_the_module_is_taken_where_the_release_does(
    cluster, image_registry, wasm_filter, held
):
    url = image_registry.publish_misshapen(wasm_filter, "docker, two layers")

    held(url, expected("two-layers", cluster.release.version))


@pytest.mark.requirement("DLV-31")
def test_the_checksum_of_an_image_is_that_of_its_manifest(image_registry, wasm_filter, held):
    url = image_registry.publish(wasm_filter)

    held(url, FETCHED, sha256=image_registry.checksum(url))


@pytest.mark.requirement("DLV-31")
@pytest.mark.parametrize("checksum", ["the module's own", "any other"])
def test_another_checksum_is_no_module(image_registry, wasm_filter, held, checksum):
    sha256 = wasm_filter.sha256 if checksum == "the module's own" else "0" * 64

    held(image_registry.publish(wasm_filter), unfetched("does not match"), sha256=sha256)


def unknown(registry, module):
    return registry.publish(module) + "-of-yesterday"


def failing(registry, module):
    url = registry.publish(module)
    registry.fail(url, 500)
    return url


def slow(registry, module):
    url = registry.publish(module)
    registry.delay(url, TOO_SLOW)
    return url


def corrupt(registry, module):
    url = registry.publish(module)
    registry.corrupt(url)
    return url


def down(registry, module):
    url = registry.publish(module)
    registry.stop()
    return url


FAULTS = {
    "unknown": (unknown, "MANIFEST_UNKNOWN"),
    # Where it is asked for again, time runs out before there is an answer.
    "unavailable": (
        failing,
        lambda version: expected("registry-error", version)["in-a-short-time"],
    ),
    "too slow": (slow, "context deadline exceeded"),
    "of other bytes": (corrupt, "failed to parse layer as tar.gz"),
    "in a registry that is down": (down, "refused"),
}


@pytest.mark.requirement("DLV-32")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_new_filter_whose_image_is(cluster, image_registry, wasm_filter, held, fault):
    make, says = FAULTS[fault]
    says = says(cluster.release.version) if callable(says) else says

    held(make(image_registry, wasm_filter), unfetched(says), timeout="0.3s")


@pytest.mark.requirement("DLV-33")
@pytest.mark.parametrize("lists", LISTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_update_to_an_image_that_is(
    cluster, gateway, publisher, image_registry, wasm_filter, rules, fault, lists
):
    outcome = expected("unfetchable", cluster.release.version, lists=lists)
    good, bad = publisher.publish(wasm_filter), FAULTS[fault][0](image_registry, wasm_filter)
    working = documents(cluster, good, rules, lists=lists, timeout="0.3s")

    with (
        cluster.applied(working, proof=challenged),
        cluster.delivered(working.replace(good, bad)) as delivery,
    ):
        state = "guarded" if outcome["update"] == "as before" else outcome["update"]
        check(delivery, gateway, outcome, state)


SHAPES = {
    "no plugin.wasm": "plugin.wasm not found in the archive",
    "plugin.wasm below the last layer": "could not parse as compat variant",
    "zstd": "invalid media type application/vnd.oci.image.layer.v1.tar+zstd",
    "not compressed": "invalid media type application/vnd.oci.image.layer.v1.tar (",
    "docker with an OCI layer": "invalid media type application/vnd.oci.image.layer.v1.tar+gzip",
    "artifact of one layer": "number of layers must be 2 but got 1",
    "artifact of three layers": "number of layers must be 2 but got 3",
    "artifact of another type": "could not find the layer of type",
}


@pytest.mark.requirement("DLV-32")
@pytest.mark.parametrize("shape", SHAPES)
def test_an_image_in_another_layout_is_no_module(image_registry, wasm_filter, held, shape):
    held(image_registry.publish_misshapen(wasm_filter, shape), unfetched(SHAPES[shape]))


@pytest.mark.requirement("DLV-34")
def test_a_registry_error_that_passes_is_tried_again_where_the_release_does(
    cluster, image_registry, wasm_filter, held
):
    url = image_registry.publish(wasm_filter)
    image_registry.fail(url, 500, times=1)

    held(url, expected("registry-error", cluster.release.version))


@pytest.mark.requirement("DLV-35")
@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_a_pull_secret_opens_a_registry_where_the_release_dares_to(
    cluster, image_registry, wasm_filter, held, scheme
):
    url = image_registry.publish(wasm_filter)
    image_registry.demand(scheme)

    held(
        url,
        expected("credentials", cluster.release.version),
        environment={SECRET: image_registry.pull_secret},
    )


@pytest.mark.requirement("DLV-35")
@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_without_a_pull_secret_it_stays_shut(cluster, image_registry, wasm_filter, held, scheme):
    url = image_registry.publish(wasm_filter)
    image_registry.demand(scheme)
    row = expected("credentials", cluster.release.version)

    held(url, unfetched(row.get("says", "UNAUTHORIZED")))


@pytest.mark.requirement("DLV-22")
@pytest.mark.parametrize("layout", ["docker", "compat"])
def test_an_image_beyond_the_size_limit_is_no_module(
    cluster, image_registry, wasm_filter, held, layout
):
    url = image_registry.publish(wasm_filter, layout=layout)
    cut = expected("size-limit", cluster.release.version)["cut"]

    with cluster.agent_environment(ISTIO_WASM_MAX_BINARY_SIZE_BYTES=str(LIMIT)):
        held(url, unfetched("unexpected EOF") if cut else FETCHED)
