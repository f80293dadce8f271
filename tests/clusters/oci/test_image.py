"""Where the agent looks for the module in an image, and what it says where there is none."""

import json
import random

import pytest

from clusters.pilot import oci_image
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.oci_image import NoModule
from filters import images
from filters.images import Blob, Image

MODULE = b"\0asm\1\0\0\0 and more"
OLD, NEW = Behaviours("1.15.0"), Behaviours("1.31.0")
CONFIG = Blob(images.OCI_CONFIG, b"{}")
RUNTIME = Blob(images.WASM_CONFIG, b"{}")
WASM = Blob(images.WASM_LAYER, MODULE)


def packed(*, media_type=images.OCI_LAYER, **files):
    entries = {name.replace("_", "/"): body for name, body in files.items()}
    return Blob(media_type, images.gzipped(images.archive(entries)))


def oci(*layers):
    return images.assemble(images.OCI_MANIFEST, CONFIG, layers)


def docker(*layers):
    return images.assemble(images.DOCKER_MANIFEST, CONFIG, layers)


def extract(image: Image, behaviours=NEW, limit=None):
    blobs = {blob.digest: blob.body for blob in image.blobs}
    said = oci_image.manifest(image.manifest.body)
    return oci_image.module(said, lambda layer: blobs[layer.digest], behaviours, limit)


PLUGIN = {"plugin.wasm": MODULE}
LARGE = random.Random(1).randbytes(9000)
OTHER = packed(**{"readme.txt": b"hello"})

GOOD = {
    **{layout: images.build(MODULE, layout) for layout in images.LAYOUTS},
    "more files than the module": oci(
        packed(**{"runtime-config.json": b"{}"}, **PLUGIN, **{"z.wasm": b"other"})
    ),
    "in a folder": oci(packed(**{"some_folder_plugin.wasm": MODULE})),
    "an artifact, module first": images.assemble(images.OCI_MANIFEST, RUNTIME, (WASM, RUNTIME)),
}


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("behaviours", [Behaviours("1.12.0"), NEW], ids=repr)
def test_the_module_is_found(case, behaviours):
    assert extract(GOOD[case], behaviours) == MODULE


@pytest.mark.parametrize("image", [oci, docker], ids=["oci", "docker"])
def test_the_last_of_several_layers_counts_since_1_16(image):
    kind = images.OCI_LAYER if image is oci else images.DOCKER_LAYER
    layers = (
        packed(media_type=kind, **{"plugin.wasm": b"first"}),
        packed(media_type=kind, **PLUGIN),
    )

    assert extract(image(*layers), NEW) == MODULE
    with pytest.raises(NoModule, match="number of layers must be 1 but got 2"):
        extract(image(*layers), OLD)


COMPAT, ARTIFACT = "could not parse as compat variant: ", "could not parse as oci variant: "
BAD = {
    "no plugin.wasm": (oci(OTHER), COMPAT + "could not extract wasm binary: plugin.wasm not found"),
    "plugin.wasm in the first layer only": (
        oci(packed(**PLUGIN), OTHER),
        COMPAT + "could not extract wasm binary: plugin.wasm not found",
    ),
    "no layer": (oci(), COMPAT + "number of layers must be greater than zero"),
    "zstd": (
        oci(Blob("application/vnd.oci.image.layer.v1.tar+zstd", b"")),
        COMPAT + "invalid media type application/vnd.oci.image.layer.v1.tar+zstd (expect "
        "application/vnd.oci.image.layer.v1.tar+gzip)",
    ),
    "not gzipped": (
        oci(Blob(images.OCI_LAYER, images.archive(PLUGIN))),
        COMPAT + "could not extract wasm binary: failed to parse layer as tar.gz",
    ),
    "broken off in the module": (
        oci(Blob(images.OCI_LAYER, packed(**{"plugin.wasm": MODULE + LARGE}).body[:5000])),
        COMPAT + "could not extract wasm binary: failed to read plugin.wasm: unexpected EOF",
    ),
    "broken off before the module": (
        oci(Blob(images.OCI_LAYER, packed(large=LARGE, **PLUGIN).body[:5000])),
        COMPAT + "could not extract wasm binary: unexpected EOF",
    ),
    "a page": (
        oci(Blob(images.OCI_LAYER, images.gzipped(b"<html>" * 200))),
        COMPAT + "could not extract wasm binary: archive/tar: invalid tar header",
    ),
    "a docker layer in an OCI image": (
        oci(packed(media_type=images.DOCKER_LAYER, **PLUGIN)),
        COMPAT + "invalid media type application/vnd.docker.image.rootfs.diff.tar.gzip",
    ),
    "an artifact of three layers": (
        oci(RUNTIME, WASM, CONFIG),
        ARTIFACT + "number of layers must be 2 but got 3",
    ),
    "an artifact of the module alone": (
        oci(WASM),
        ARTIFACT + "number of layers must be 2 but got 1",
    ),
    "an artifact of other types": (
        oci(RUNTIME, Blob("application/wasm", MODULE)),
        ARTIFACT + "could not find the layer of type "
        "application/vnd.module.wasm.content.layer.v1+wasm",
    ),
    "docker, no plugin.wasm": (
        docker(packed(media_type=images.DOCKER_LAYER, **{"a.wasm": MODULE})),
        "could not extract Wasm file from the image as Docker container could not extract wasm "
        "binary: plugin.wasm not found in the archive",
    ),
    "docker, no layer": (
        docker(),
        "as Docker container number of layers must be greater than zero",
    ),
    "docker, an OCI layer": (
        docker(packed(**PLUGIN)),
        "as Docker container invalid media type application/vnd.oci.image.layer.v1.tar+gzip",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_an_image_without_a_module_is_told_in_the_agents_words(case):
    image, text = BAD[case]

    with pytest.raises(NoModule) as refused:
        extract(image)
    assert text in str(refused.value)


def test_both_readings_of_an_oci_image_are_told():
    with pytest.raises(NoModule) as refused:
        extract(oci(OTHER))
    assert str(refused.value) == (
        "the given image is in invalid format as an OCI image: 2 errors occurred:\n"
        "\t* could not parse as compat variant: could not extract wasm binary: plugin.wasm not "
        "found in the archive\n"
        "\t* could not parse as oci variant: number of layers must be 2 but got 1\n\n"
    )


def test_what_is_larger_than_the_limit_is_cut_off():
    big = MODULE + b"x" * 5000

    with pytest.raises(NoModule, match=r"failed to read plugin\.wasm: unexpected EOF"):
        extract(images.build(big, "compat"), limit=2000)
    assert extract(images.build(big, "artifact"), limit=2000) == big[:2000]


def index(*platforms):
    rows = [
        {"digest": f"sha256:{number}", "platform": {"os": os, "architecture": machine}}
        for number, (os, machine) in enumerate(platforms)
    ]
    return json.dumps({"manifests": rows}).encode()


def test_of_an_index_the_image_for_linux_on_amd64_counts():
    body = index(("linux", "arm64"), ("windows", "amd64"), ("linux", "amd64"), ("linux", "amd64"))

    assert oci_image.platform_digest(body, "r.test/a:1") == "sha256:2"


def test_an_index_without_that_platform_is_refused_by_name():
    text = r"no child with platform linux/amd64 in index r\.test/a:1"
    with pytest.raises(NoModule, match=text):
        oci_image.platform_digest(index(("linux", "arm64")), "r.test/a:1")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"layers": 1}', b'{"layers": [{}]}'])
def test_what_is_no_manifest_is_refused(body):
    with pytest.raises(NoModule, match="could not retrieve manifest"):
        oci_image.manifest(body)


def swapped(layout, other):
    """Return what the agent makes of an image in whose layer is another module."""
    image, given = images.build(MODULE, layout), images.build(other, layout)
    said = oci_image.manifest(image.manifest.body)
    return oci_image.module(said, lambda layer: given.blobs[-1].body, NEW, None)


def test_another_module_under_the_digest_of_an_artifact_is_found_out():
    with pytest.raises(NoModule, match="wasm binary: error verifying sha256 checksum after read"):
        swapped("artifact", MODULE[:-1] + b"!")


@pytest.mark.parametrize("layout", ["docker", "compat"])
def test_another_module_in_a_layer_is_not_for_the_agent_stops_reading_there(layout):
    other = MODULE[:-1] + b"!"

    assert swapped(layout, other) == other


def test_a_layer_that_is_read_to_its_end_is_compared_with_its_digest():
    image = oci(packed(large=LARGE, **PLUGIN))
    said = oci_image.manifest(image.manifest.body)
    [layer] = said.layers
    other = packed(large=LARGE[::-1], **PLUGIN).body[: layer.size - 100] + b"x" * 100

    with pytest.raises(NoModule, match="error verifying sha256 checksum after reading"):
        oci_image.module(said, lambda layer: other[:5000] + b"\0" * (layer.size - 5000), NEW, None)
