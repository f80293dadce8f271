"""A module as an image: the layouts, and that they are the same each time."""

import gzip
import io
import json
import tarfile

import pytest

from filters import images

MODULE = b"\0asm\1\0\0\0 and more"


def manifest(layout):
    return json.loads(images.build(MODULE, layout).manifest.body)


MEDIA_TYPES = {
    "docker": (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.container.image.v1+json",
        ["application/vnd.docker.image.rootfs.diff.tar.gzip"],
    ),
    "compat": (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
        ["application/vnd.oci.image.layer.v1.tar+gzip"],
    ),
    "artifact": (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.module.wasm.config.v1+json",
        [
            "application/vnd.module.wasm.config.v1+json",
            "application/vnd.module.wasm.content.layer.v1+wasm",
        ],
    ),
}


@pytest.mark.parametrize("layout", images.LAYOUTS)
def test_a_layout_has_its_media_types(layout):
    said = manifest(layout)

    assert (
        said["mediaType"],
        said["config"]["mediaType"],
        [layer["mediaType"] for layer in said["layers"]],
    ) == MEDIA_TYPES[layout]


@pytest.mark.parametrize("layout", ["docker", "compat"])
def test_the_layer_of_a_container_image_is_plugin_wasm_in_a_gzipped_tar(layout):
    image = images.build(MODULE, layout)
    digest = manifest(layout)["layers"][-1]["digest"]
    [layer] = [blob for blob in image.blobs if blob.digest == digest]

    plain = gzip.decompress(layer.body)
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        assert archive.getnames() == ["plugin.wasm"]
        entry = archive.extractfile("plugin.wasm")
        assert entry is not None
        assert entry.read() == MODULE
    config = next(blob for blob in image.blobs if blob is not layer)
    assert json.loads(config.body)["rootfs"]["diff_ids"] == [images.Blob("", plain).digest]


def test_an_artifact_holds_the_module_as_it_is():
    assert MODULE in [blob.body for blob in images.build(MODULE, "artifact").blobs]


@pytest.mark.parametrize("layout", images.LAYOUTS)
def test_every_blob_that_the_manifest_names_is_there_once(layout):
    image = images.build(MODULE, layout)
    said = manifest(layout)
    named = {d["digest"]: d["size"] for d in (said["config"], *said["layers"])}

    assert {blob.digest: len(blob.body) for blob in image.blobs} == named


# Changing them is a change that users see: a pinned digest no longer is the same module's.
DIGESTS = {
    "docker": "sha256:b8e4706c8bd759263d16002890374d571e014938633d37f8c092a8084feccd2d",
    "compat": "sha256:81b9d0f8b30d7bba0bd7714c8c5c1e24431be01dc8a0d2e8754e135fcbacac7e",
    "artifact": "sha256:86013d6ac7ddfdcdeb7881885bb8a9fc2b58c1c1e2b7da13a8f4c5d1aac21c4e",
}


@pytest.mark.parametrize("layout", images.LAYOUTS)
def test_the_same_module_has_the_same_digest_on_every_day(layout):
    assert images.build(MODULE, layout).digest == DIGESTS[layout]
