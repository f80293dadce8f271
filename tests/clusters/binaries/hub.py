"""Hubs that hold images of a release: in a real registry, and in one that misbehaves."""

from clusters.local.binaries.executables import AGENT, ENVOY, ISTIOD, architecture
from filters import registry
from filters.images import Image
from filters.registry import Target
from tests.clusters.binaries import programs

VERSION = "1.24.6"
PLATFORM = f"linux/{architecture()}"
BIN = "usr/local/bin"
BASE = {"etc/os-release": b"any", f"{BIN}/pilot-discovery": b"not this one"}
TEMPLATE = b'{"node": {}}'


def pilot(version: str = VERSION) -> Image:
    """Return the image that istiod is in, on a base of its own."""
    files = {f"{BIN}/": b"", f"{BIN}/{ISTIOD}": programs.istio(ISTIOD, version)}
    return programs.image(programs.layer(BASE), programs.layer(files))


def proxy(version: str = VERSION) -> Image:
    """Return the image that the agent and Envoy are in, each in a layer, and templates above."""
    return programs.image(
        programs.layer(BASE),
        programs.layer({f"{BIN}/{ENVOY}": programs.envoy()}),
        programs.layer({f"{BIN}/{AGENT}": programs.istio(AGENT, version)}),
        programs.layer(
            {
                "var/lib/istio/envoy/envoy_bootstrap_tmpl.json": TEMPLATE,
                "var/lib/istio/envoy/notes.txt": b"no template",
            }
        ),
    )


def push(
    host: str,
    path: str,
    images: dict[str, Image],
    *,
    tag: str = VERSION,
    platform: str = PLATFORM,
) -> str:
    """Push images by name, each under an index for two platforms, and return their hub."""
    other = programs.image(programs.layer({"wrong": b"platform"}))
    for name, image in images.items():
        target = Target(host, f"{path}/{name}", tag)
        registry.push(other, target)
        registry.push(image, target)
        manifest = programs.index({"linux/riscv64": other, platform: image})
        registry.push(Image(manifest, ()), target)
    return f"{host}/{path}"
