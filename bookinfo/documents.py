"""Bookinfo as Istio documents."""

from __future__ import annotations

from pathlib import Path
from string import Template

_MANIFESTS = Path(__file__).parent / "manifests"


def documents(port: int) -> str:
    """Return the YAML that leads the gateway's routes to a stand-in on this loopback port."""
    entry = Template((_MANIFESTS / "standin.yaml.in").read_text()).substitute(port=port)
    texts = [(_MANIFESTS / name).read_text() for name in ("bookinfo.yaml", "echo.yaml")]
    return "---\n".join([*texts, entry])
