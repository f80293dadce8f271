"""Images that pilot-agent cannot read, each wrong in one way; and one that it learnt to read."""

from collections.abc import Callable

from filters.images import (
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    WASM_CONFIG,
    WASM_LAYER,
    Blob,
    Image,
    archive,
    assemble,
    gzipped,
)

CONFIG, RUNTIME = Blob(OCI_CONFIG, b"{}"), Blob(WASM_CONFIG, b"{}")


def _oci(*layers: Blob) -> Image:
    return assemble(OCI_MANIFEST, CONFIG, layers)


def _layer(files: dict[str, bytes], media_type: str = OCI_LAYER) -> Blob:
    return Blob(media_type, gzipped(archive(files)))


SHAPES: dict[str, Callable[[bytes], Image]] = {
    "no plugin.wasm": lambda module: _oci(_layer({"filter.wasm": module})),
    "plugin.wasm below the last layer": lambda module: _oci(
        _layer({"plugin.wasm": module}), _layer({"readme.txt": b"hello"})
    ),
    "zstd": lambda module: _oci(
        Blob("application/vnd.oci.image.layer.v1.tar+zstd", archive({"plugin.wasm": module}))
    ),
    "not compressed": lambda module: _oci(
        Blob("application/vnd.oci.image.layer.v1.tar", archive({"plugin.wasm": module}))
    ),
    "docker with an OCI layer": lambda module: assemble(
        DOCKER_MANIFEST, CONFIG, (_layer({"plugin.wasm": module}),)
    ),
    "artifact of one layer": lambda module: _oci(Blob(WASM_LAYER, module)),
    "artifact of three layers": lambda module: _oci(
        RUNTIME, Blob("text/markdown", b"# hello"), Blob(WASM_LAYER, module)
    ),
    "artifact of another type": lambda module: _oci(RUNTIME, Blob("application/wasm", module)),
    "docker, two layers": lambda module: assemble(
        DOCKER_MANIFEST,
        CONFIG,
        (
            _layer({"readme.txt": b"hello"}, DOCKER_LAYER),
            _layer({"plugin.wasm": module}, DOCKER_LAYER),
        ),
    ),
}
