"""What tests with real clusters of kind share: whether there can be one, and what it must leave."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from clusters import release
from clusters.kind import claims, engine, plan
from clusters.kind.errors import KindError
from clusters.kind.wanted import Wanted
from tests.existing import lab

ROOT = Path(__file__).parents[2]
UP_SECONDS = 600.0


def lacking():
    """Return why no cluster can be made here, "" if one can."""
    wanted = Wanted(node_image=lab.NODE, hub=lab.HUB, tag=lab.TAG, python=lab.PYTHON)
    try:
        planned = plan.plan(release.find("1.31"), wanted)
        with engine.connected() as docker:
            needed = {lab.NODE, *planned.recipe.images}
            missing = needed - docker.ids(needed).keys() if docker else needed
    except KindError as error:
        return str(error).splitlines()[0]
    return f"Docker has no image {', '.join(sorted(missing))}" if missing else ""


def said(*command):
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return sorted(done.stdout.splitlines())


def _state():
    """Return the clusters, every container, and what the user's own kubeconfig holds."""
    own = Path.home() / ".kube/config"
    held = hashlib.sha256(own.read_bytes()).hexdigest() if own.exists() else None
    containers = said("docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}")
    return {
        "clusters": said("kind", "get", "clusters"),
        "containers": containers,
        "~/.kube/config": held,
    }


@contextmanager
def untouched(name):
    """Fail unless all is afterwards as before; a cluster of the name is deleted all the same."""
    before = _state()
    yield
    after = _state()
    subprocess.run(["kind", "delete", "cluster", "--name", name], check=False, capture_output=True)
    assert after == before
    assert name not in claims.names()


def options(name, **more):
    """Return what names the images of the lab and a cluster."""
    given = {"--kind-image": lab.NODE, "--hub": lab.HUB, "--standin-image": lab.PYTHON}
    given |= {"--istio": "1.31", "--tag": lab.TAG, "--cluster-name": name} | more
    return [f"{key}={value}" for key, value in given.items()]


def command(action, name, **more):
    words = options(name, **more) if action == "up" else [f"--cluster-name={name}"]
    return [sys.executable, "-m", "clusters", "kind", action, *words]


def run(action, name, **more):
    return subprocess.run(
        command(action, name, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=UP_SECONDS,
    )


def read_until(stream, words):
    """Return what a process printed up to some words, at which it still is."""
    seen = b""
    while not seen.endswith(words.encode()):
        letter = stream.read(1)
        assert letter, seen.decode()
        seen += letter
    return seen.decode()


def steps(text):
    return re.findall(r"kind: (\w+) … [\d.]+ s", text)
