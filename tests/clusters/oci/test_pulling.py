"""Images as the agent pulls them: layouts, digests, indexes, and what is no such image."""

import json
from urllib.parse import urlsplit

import pytest

from filters import images
from filters.images import Blob
from tests.clusters.oci.pulling import IMAGE, MODULE, MOVED, pull, refused


@pytest.mark.parametrize("layout", images.LAYOUTS)
def test_a_module_is_pulled_and_its_checksum_is_the_manifests(registry, layout):
    image = images.build(MODULE, layout)

    assert pull(registry.serve(image)) == (image.checksum, MODULE)


def test_an_image_is_pulled_by_digest(registry):
    pinned = registry.pinned(registry.serve(IMAGE))

    assert pull(pinned) == (IMAGE.checksum, MODULE)


def test_of_an_index_the_image_for_the_platform_is_pulled(registry):
    row = IMAGE.manifest.descriptor | {"platform": {"os": "linux", "architecture": "amd64"}}
    index = Blob(
        "application/vnd.oci.image.index.v1+json", json.dumps({"manifests": [row]}).encode()
    )
    url = registry.serve(IMAGE)
    registry.move(url, images.Image(index, (IMAGE.manifest, *IMAGE.blobs)))

    assert pull(url) == (IMAGE.checksum, MODULE)


IMAGE_TEXT = "could not fetch Wasm OCI image: could not fetch manifest: "


def test_an_unknown_tag_is_told_with_the_registrys_words(registry):
    url = registry.serve(IMAGE) + "x"
    repository = urlsplit(url).path.removeprefix("/").rpartition(":")[0]

    assert refused(url) == (
        f"{IMAGE_TEXT}GET http://{registry.host}/v2/{repository}/manifests/1x: "
        "MANIFEST_UNKNOWN: manifest unknown"
    )


def test_nobody_there_is_told_for_both_schemes():
    told = refused("oci://127.0.0.1:1/some:1")

    assert told.startswith(f'{IMAGE_TEXT}Get "https://127.0.0.1:1/v2/": ')
    assert '; Get "http://127.0.0.1:1/v2/": ' in told
    assert told.count("refused") == 2


def test_a_url_that_names_no_image_is_refused():
    assert refused("oci://r.test/A").startswith(
        "could not fetch Wasm OCI image: could not parse url in image reference: "
    )


def test_a_layer_with_other_bytes_is_no_module(registry):
    url = registry.serve(IMAGE)
    registry.corrupt(url)
    told = refused(url)

    assert told.startswith("could not fetch Wasm binary: the given image is in invalid format")
    assert "failed to parse layer as tar.gz: gzip: invalid header" in told


def test_a_manifest_with_another_digest_is_refused(registry):
    url = registry.serve(IMAGE)
    pinned = registry.pinned(url)
    repository = urlsplit(url).path.removeprefix("/").rpartition(":")[0]
    registry._blobs[MOVED.digest] = MOVED.manifest
    registry._tags[repository, IMAGE.digest] = MOVED.digest

    assert (
        f'manifest digest: "{MOVED.digest}" does not match requested digest: "{IMAGE.digest}"'
        in refused(pinned)
    )


def test_a_layer_of_another_size_is_refused_since_1_31(registry):
    url = registry.serve(IMAGE)
    registry._blobs[IMAGE.blobs[-1].digest] = Blob("", IMAGE.blobs[-1].body + b"more")

    assert pull(url, "1.30.0")[1] == MODULE
    size = len(IMAGE.blobs[-1].body)
    assert f"header {size + 4} does not match expected size {size}" in refused(url)
