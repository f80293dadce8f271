"""What is kept of a cluster: everything that answers, and of no file what must not be handed on."""

import time

import pytest

from clusters import waiting
from clusters.gateway import Request, Unanswered
from clusters.kube import evidence
from clusters.kube.stored import Stored
from clusters.kube.translation import Translation
from tests.kube.conftest import page

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmVkLWJ5LW5vYm9keQ"
BASIC = "Basic YWRtaW46c2VjcmV0"
SECRETS = (JWT, "YWRtaW46c2VjcmV0", "hush")
ENV = [{"name": "PASSWORD", "value": "hush"}]


@pytest.fixture
def gateways(lab, pods):
    """Two pods of the gateway, whose logs and dumps say what nobody should."""
    for name in ("gateway-a", "gateway-b"):
        pages = lab.gateway(name, env=ENV)
        pages.pages |= {
            "/config_dump": page({"configs": [f"Bearer {JWT}", BASIC], "of": name}),
            "/stats": page({"stats": [{"name": "a", "value": 1}]}),
        }
    pods.wait()
    for pod in pods:
        _says(lab, pod, f"before the mark\nauthorization: {BASIC}\nbearer {JWT}\n")
    return pods


def _says(lab, pod, text):
    def said():
        # Whether the log is followed already is seen by a line alone.
        lab.front.says(pod.name, text)
        return pod.proxy.log_size()

    waiting.until(said, bool, what=f"the log of {pod.name}", within=10, every=0.02)


@pytest.fixture
def istiod(lab):
    pages = lab.istiod("istiod-1")
    pages.pages |= {"/debug/syncz": page([{"proxy": JWT}]), "/debug/config_dump": page([BASIC])}
    lab.front.says("istiod-1", f"refused {JWT}\n")
    return pages


@pytest.fixture
def keep(lab, kube, gateways, istiods, tmp_path):
    """A function that keeps the evidence and returns the files by name."""
    folder = tmp_path / "evidence"
    stored = Stored(kube, Translation(lab.target, "10.0.0.1", lambda port: port))

    def kept(**given):
        request = Request("GET", "/productpage", (("authorization", BASIC), ("x", JWT)))
        evidence.write(
            folder,
            **{
                "pods": gateways,
                "marks": {},
                "since": time.time(),
                "stored": stored,
                "istiods": istiods,
                "transcript": [(request, Unanswered("nobody answered"))],
                "documents": (),
                "outcomes": (),
                **given,
            },
        )
        return {file.name: file.read_text() for file in folder.iterdir()}

    return kept


OF_THE_RUN = {"exchanges.txt", "documents.yaml", "patches.txt"}
OF_PODS = {
    "envoy.log",
    "config_dump.json",
    "stats.txt",
    "gateway-b.log",
    "gateway-b.config_dump.json",
    "gateway-b.stats.txt",
}
OF_THE_API = {"api-objects.yaml", "events.txt", "pods.yaml", "istiods.txt"}
OF_ISTIOD = {"istiod-1.log", "istiod-1-syncz.json", "istiod-1-dump.json"}


def no_secret(files):
    """Tell which files hold what must not be handed on."""
    own = {"exchanges.txt": files["exchanges.txt"].replace(BASIC, "")}
    return {
        name: secret for name, text in (files | own).items() for secret in SECRETS if secret in text
    }


def test_every_pod_and_istiod_is_kept_without_secrets(keep, istiod, gateways):
    first = gateways.first
    files = keep(marks={first.uid: len("before the mark\n")})

    assert set(files) == OF_THE_RUN | OF_PODS | OF_THE_API | OF_ISTIOD
    assert no_secret(files) == {}
    assert files["envoy.log"].startswith("authorization: Basic …\nbearer …\n")
    assert files["gateway-b.log"].startswith("before the mark\n")
    assert files["istiod-1.log"] == "refused …\n\n"
    assert '"of": "gateway-b"' in files["gateway-b.config_dump.json"]
    assert "name: PASSWORD" in files["pods.yaml"]
    assert BASIC in files["exchanges.txt"], "what the check sent is its very subject"


def test_where_the_api_is_away_no_secret_is_kept_either(keep, lab, istiod):
    lab.front.stop()
    files = keep()

    assert no_secret(files) == {}
    assert files["envoy.log"].startswith("before the mark\nauthorization: Basic …")
    assert set(files) == OF_THE_RUN | OF_PODS | OF_THE_API
    for name in ("events.txt", "pods.yaml", "istiods.txt"):
        assert files[name].startswith(f"the Kubernetes API at {lab.front.url} did not answer")
    assert files["config_dump.json"].startswith("the proxy's admin interface at ingress/gateway-a")


def test_where_no_pod_is_left_the_rest_is_kept(keep, lab, istiod, gateways):
    for pod in list(gateways):
        lab.gone(pod.name)
    gateways.close()
    files = keep()

    assert no_secret(files) == {}
    assert set(files) == OF_THE_RUN | OF_THE_API | OF_ISTIOD
    assert files["istiod-1-dump.json"].startswith("no pod of the gateway (istio=ingressgateway in ")


def test_an_istiod_that_does_not_answer_says_so_in_its_file(keep, lab, istiod):
    istiod.pages["/debug/syncz"] = (503, f"no, {BASIC}")
    files = keep()

    assert files["istiod-1-syncz.json"] == (
        "istiod istiod-1 answered /debug/syncz with 503: no, Basic …\n"
    )


def test_of_a_long_file_the_end_is_kept(keep, lab, istiod):
    lab.front.says("istiod-1", "x" * evidence.LIMIT + f"\n{JWT} the end\n")
    files = keep()

    text = files["istiod-1.log"]
    left_out, rest = text.split("\n", 1)
    assert left_out == "(the first 21 characters are left out)"
    assert rest.endswith("\n… the end\n\n")
    assert len(rest) == evidence.LIMIT + 1
