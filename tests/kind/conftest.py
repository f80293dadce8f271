import pytest
import yaml

from clusters.local import apiserver
from tests.kind import programs


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


class Kind:
    """A kind whose clusters are files in a folder, all with the same Kubernetes API."""

    def __init__(self, folder, served):
        self.state, self.folder = folder / "clusters", folder
        self.state.mkdir()
        self._log = folder / "calls"
        self._log.touch()
        kubeconfig = yaml.safe_load(served.kubeconfig(folder / "any-kubeconfig").read_text())
        kubeconfig["contexts"][0]["name"] = kubeconfig["current-context"] = "kind-NAME"
        (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
        self.path = programs.kind(
            folder,
            f'echo "$@" >> {self._log}',
            'case "$1 $2" in',
            f'"get clusters") ls {self.state}; echo "a remark of kind" >&2;;',
            f'"export kubeconfig") sed "s/NAME/$4/" {folder}/kubeconfig > "$6";;',
            f'"delete cluster") rm {self.state}/$4;;',
            "*) echo unknown command >&2; exit 1;;",
            "esac",
        )

    def has(self, *names):
        for name in names:
            (self.state / name).touch()

    def leads_to(self, server):
        """Let the kubeconfig name another API."""
        path = self.folder / "kubeconfig"
        kubeconfig = yaml.safe_load(path.read_text())
        kubeconfig["clusters"][0]["cluster"]["server"] = server
        path.write_text(yaml.safe_dump(kubeconfig))

    @property
    def there(self):
        return sorted(path.name for path in self.state.iterdir())

    @property
    def calls(self):
        return self._log.read_text().splitlines()


@pytest.fixture
def kind(tmp_path, served):
    """A kind without Docker, and the API of each of its clusters."""
    return Kind(tmp_path, served)
