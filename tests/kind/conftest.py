import pytest

from clusters.local import apiserver
from tests.kind import standins


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """A cache in which nothing is known."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def served():
    """A Kubernetes API that stands for the one of any cluster."""
    with apiserver.serving(namespaces=("default", "kube-system", "istio-system")) as served:
        yield served


@pytest.fixture
def kind(tmp_path, served):
    """A kind without Docker, and the API of each of its clusters."""
    return standins.Kind(tmp_path, served)


@pytest.fixture
def docker(kind, tmp_path, monkeypatch):
    """A Docker that holds the nodes of that kind's clusters, and nothing else."""
    pytest.importorskip("docker", reason="the group kind is not installed: uv sync --group kind")
    docker = standins.Docker(kind, tmp_path / "docker.sock")
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)
    monkeypatch.setenv("DOCKER_HOST", docker.address)
    yield docker
    docker.stop()
