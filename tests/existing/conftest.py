import pytest

from clusters import apply, waiting
from clusters.existing import api
from clusters.existing.contexts import Context
from clusters.local import apiserver
from clusters.local.apiserver import admission
from clusters.pilot.behaviours import Behaviours
from tests.existing import accounts, lab


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache in which nothing is known of clusters of kind on this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def served():
    with apiserver.serving(admission.of(Behaviours("1.31.0"))) as served:
        yield served


@pytest.fixture
def kubeconfig(served, tmp_path):
    return served.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def context(kubeconfig):
    return Context(kubeconfig, "istio-wasm-conformance")


@pytest.fixture
def cluster(context):
    found = api.connect(context)
    yield found
    found.close()


@pytest.fixture
def run(kubeconfig):
    """A function that connects as the run of an id, as a run itself does."""
    opened = []

    def connect(id):
        opened.append(apply.connect(kubeconfig, run=id))
        return opened[-1]

    yield connect
    for kube in opened:
        kube.close()


@pytest.fixture(scope="session")
def lab_cluster():
    """The context of a real cluster, as its administrator; skipped where none can be made."""
    try:
        with lab.cluster() as context:
            yield context
    except lab.NoLab as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def admin(lab_cluster):
    """The real cluster's API, as its administrator."""
    found = api.connect(lab_cluster)
    yield found
    found.close()


@pytest.fixture(scope="session")
def account(admin, lab_cluster, tmp_path_factory):
    """The kubeconfig of an account with exactly the rights of the manifest."""
    accounts.remove(admin)
    waiting.until(
        lambda: admin.items("/api/v1/namespaces", fieldSelector=f"metadata.name={accounts.SPACE}"),
        lambda seen: not seen,
        what="the end of an earlier account's namespace",
        within=60,
        every=0.2,
    )
    accounts.create(admin)
    yield accounts.kubeconfig(admin, lab_cluster, tmp_path_factory.mktemp("account") / "kubeconfig")
    accounts.remove(admin)


@pytest.fixture
def narrow_account(account, admin):
    """The same account without the rights that it takes to make namespaces."""
    bindings = accounts.bindings_beyond_namespaces()
    for one in bindings:
        path = f"{accounts.collection(one)}/{one['metadata']['name']}"
        admin.delete(path, uid=admin.get(path)["metadata"]["uid"])
    yield account
    for one in bindings:
        admin.create(accounts.collection(one), one)
