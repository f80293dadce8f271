"""Bookinfo as Istio documents, and as Kubernetes objects for a cluster that is to run it."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

import yaml

_HERE = Path(__file__).parent
_MANIFESTS = _HERE / "manifests"
#: The services of the published application and the versions of each.
UPSTREAM = {
    "details": ("v1",),
    "ratings": ("v1",),
    "reviews": ("v1", "v2", "v3"),
    "productpage": ("v1",),
}


def documents(port: int) -> str:
    """Return the YAML that leads the gateway's routes to a stand-in on this loopback port."""
    entry = _filled("standin.yaml.in", port=port)
    return "---\n".join([*map(_text, ("bookinfo.yaml", "echo.yaml")), entry])


def routes() -> list[dict[str, Any]]:
    """Return the Gateway and the VirtualService alone, which lead to a Service productpage."""
    return list(yaml.safe_load_all(_text("bookinfo.yaml")))


def standin(image: str) -> list[dict[str, Any]]:
    """Return the objects that run the stand-in in a pod, on an image with a python3 in it."""
    program = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "bookinfo", "namespace": "default"},
        "data": {"app.py": (_HERE / "app.py").read_text()},
    }
    pod = _filled("standin-pod.yaml.in", image=image)
    return [program, *map(yaml.safe_load, (pod, _filled("service.yaml.in", app="productpage")))]


def upstream(tag: str) -> list[dict[str, Any]]:
    """Return the objects that run the published application, from its public images of a tag."""
    texts = [_filled("service.yaml.in", app=app) for app in UPSTREAM]
    texts += [
        _filled("upstream-pod.yaml.in", app=app, version=version, tag=tag)
        for app, versions in UPSTREAM.items()
        for version in versions
    ]
    return [yaml.safe_load(text) for text in texts]


def _text(name: str) -> str:
    return (_MANIFESTS / name).read_text()


def _filled(name: str, **values: object) -> str:
    return Template(_text(name)).substitute(values)
