"""The local place under real istiod: it comes up, says what is missing, and leaves nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bookinfo.documents import documents
from clusters import gate, processes, release, waiting
from clusters.local import envoy, istiod, istiod_cluster, pilot_agent, session
from clusters.local.binaries import BinariesMissing, find
from clusters.pilot.documents import NotBuilt
from clusters.pilot.node import ingress_gateway
from tests.kernel import alive, listening

ROOT = Path(__file__).parents[2]
RELEASES = ("1.24.0", "1.31")
HELLO = '{"replace": {"hello": "world"}}'


@pytest.fixture(scope="module")
def binaries_of(pytestconfig):
    """A function from a release to its binaries; without them the test is skipped, or fails."""

    def get(name):
        try:
            return find(release.find(name))
        except BinariesMissing as error:
            if pytestconfig.getoption("strict_toolchains"):
                pytest.fail(str(error))
            pytest.skip(str(error))

    return get


@pytest.fixture(scope="module")
def start(bookinfo, binaries_of, tmp_path_factory):
    """A context manager from a release to a gateway under its istiod."""
    base = documents(bookinfo.port)

    def begin(name):
        binaries = binaries_of(name)
        proxy = binaries.envoy or envoy.find(None).path
        folder = tmp_path_factory.mktemp("istiod")
        return istiod_cluster.running(release.find(name), binaries, proxy, base, folder, [])

    return begin


@pytest.fixture(scope="module", params=RELEASES)
def place(request, start):
    with start(request.param) as running:
        yield running


@pytest.fixture
def broken(start):
    """A gateway that a test may break."""
    with start(RELEASES[-1]) as running:
        yield running


@pytest.fixture(scope="module")
def url(publisher, other_filter):
    return publisher.publish(other_filter("headers"))


def says_hello(gateway):
    return gateway.send("GET", "/productpage").header("hello") == "world"


def beyond_loopback(addresses):
    """Return those that are not 127.x.y.z, which the kernel writes with the first byte last."""
    return [one for one in addresses if len(one) != 8 or not one.endswith("7F")]


def pids(place):
    own = place._session
    return (own.istiod.process.child.pid, own.agent.process.child.pid, own.agent.envoy_pid())


def test_a_filter_acts_inside_the_block_and_only_there(place, url):
    assert not says_hello(place.gateway)
    with place.applied(place.render(url, HELLO, name="x"), proof=says_hello) as delivery:
        assert says_hello(place.gateway)
        assert [one.effective for one in delivery.outcomes] == [True, True]

    assert not says_hello(place.gateway)
    assert place.disagreements == []


def test_everything_listens_on_loopback_only(place):
    found = [listening(pid) for pid in pids(place)]

    assert all(found[::2])
    assert [beyond_loopback(addresses) for addresses in found[::2]] == [[], []]
    assert found[1] == [], "the agent needs no port of its own"


OPEN = {"socket_address": {"address": "0.0.0.0", "port_value": 0}}


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        ("ADD", {"name": "added", "address": OPEN}),
        ("MERGE", {"additional_addresses": [{"address": OPEN}]}),
    ],
)
def test_a_listener_that_would_be_open_to_the_network_is_refused_before_it_is(
    place, operation, value
):
    patch = {"applyTo": "LISTENER", "match": {"context": "GATEWAY"}}
    opening = json.dumps(
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": "opening", "namespace": "istio-system"},
            "spec": {
                "configPatches": [patch | {"patch": {"operation": operation, "value": value}}]
            },
        }
    )

    with (
        pytest.raises(NotBuilt, match=r"(?s)0\.0\.0\.0:0.*EnvoyFilter istio-system/opening"),
        place.delivered(opening),
    ):
        pytest.fail("it must not get there")

    assert not [one for one in place._api.written() if "opening" in str(one)]
    assert beyond_loopback(listening(place._session.agent.envoy_pid())) == []
    assert place.gateway.send("GET", "/productpage").status == 200


def test_an_address_that_a_patch_gives_to_the_gateways_listener_does_not_last(place):
    patch = {"applyTo": "LISTENER", "match": {"context": "GATEWAY"}}
    opening = json.dumps(
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": "moving", "namespace": "istio-system"},
            "spec": {
                "configPatches": [
                    patch | {"patch": {"operation": "MERGE", "value": {"address": OPEN}}}
                ]
            },
        }
    )

    with place.delivered(opening) as delivery:
        assert delivery.refusals == ()
        assert beyond_loopback(listening(place._session.agent.envoy_pid())) == []
        assert place.gateway.send("GET", "/productpage").status == 200


def test_documents_that_change_nothing_end_as_soon_as_others(place, url):
    elsewhere = place.render(url, HELLO, name="x").replace("istio-system", "elsewhere")

    with place.delivered(elsewhere) as delivery:
        assert delivery.seconds < session.ANSWER_SECONDS / 10
        assert [one.effective for one in delivery.outcomes] == [False, False]
        assert "elsewhere" in delivery.outcomes[0].sentence


def test_documents_that_are_there_already_change_nothing(place, url):
    text = place.render(url, HELLO, name="x")
    with place.applied(text, proof=says_hello), place.delivered(text) as delivery:
        assert delivery.seconds < session.ANSWER_SECONDS / 10
        assert says_hello(place.gateway)


def test_a_module_that_cannot_be_fetched_is_reported_in_the_agents_words(place, publisher):
    gone = publisher.serve_status("x.wasm", 404)

    with (
        pytest.raises(gate.FetchFailed, match=f"cannot fetch Wasm module {gone}.*status code 404"),
        place.applied(place.render(gone, HELLO, name="x"), proof=says_hello),
    ):
        pytest.fail("the block must not run")


def test_a_refused_configuration_carries_the_words_of_proxy_and_filter(place, url):
    with (
        pytest.raises(gate.Refused) as why,
        place.applied(place.render(url, "{", name="refused"), proof=says_hello),
    ):
        pytest.fail("the block must not run")

    assert "Unable to create Wasm plugin refused" in str(why.value)
    assert "configuration refused" in str(why.value), "the filter's own log line"


def test_a_filter_without_its_configuration_names_the_extension(place, url):
    first, _ = place.render(url, HELLO, name="lonely").split("---\n")

    with pytest.raises(gate.NotEffective, match="lonely"), place.applied(first):
        pytest.fail("the block must not run")


def test_an_agent_that_begins_anew_is_found_anew_and_remembers_nothing(place, publisher, url):
    text, before = place.render(url, HELLO, name="x"), pids(place)
    with place.applied(text, proof=says_hello):
        requests = publisher.requests(url)
        with place.agent_environment(ISTIO_WASM_MAX_BINARY_SIZE_BYTES="100000000"):
            assert says_hello(place.gateway)
            assert publisher.requests(url) == requests + 1
            [istiod_pid, *others] = pids(place)

    assert istiod_pid == before[0]
    assert not set(others) & set(before)
    assert not any(map(alive, [*before[1:], *others]))


def test_the_evidence_holds_all_logs_and_what_the_api_holds(place, url, tmp_path):
    place.mark()
    with place.applied(place.render(url, HELLO, name="evident"), proof=says_hello):
        place.evidence(tmp_path)

    contents = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert set(contents) == {
        "agent.log",
        "api-objects.yaml",
        "api-written.yaml",
        "config_dump.json",
        "documents.yaml",
        "envoy.log",
        "exchanges.txt",
        "istiod-dump.json",
        "istiod-syncz.json",
        "istiod.log",
        "patches.txt",
        "stats.txt",
    }
    for name in ("agent.log", "api-objects.yaml", "istiod.log", "config_dump.json"):
        assert "evident" in contents[name], name
    assert "hello: world" in contents["exchanges.txt"]
    assert "listener_acked" in contents["istiod-syncz.json"]


def test_the_evidence_holds_no_secret_of_what_the_agent_held_back(place, publisher, tmp_path):
    gone = publisher.serve_status("x.wasm", 404)
    secret = {
        "ISTIO_META_WASM_IMAGE_PULL_SECRET": '{"auths": {"r.test": {"auth": "aHVzaDpodXNo"}}}'
    }
    text = place.render(gone, HELLO, name="x", environment=secret)

    with place.delivered(text) as delivery:
        assert delivery.fetch_failures
        place.evidence(tmp_path)
    assert "aHVzaDpodXNo" not in (tmp_path / "agent.log").read_text()
    assert gone in (tmp_path / "agent.log").read_text()


def ending_tls(**tls):
    server = {
        "port": {"number": 8443, "name": "https", "protocol": "HTTPS"},
        "hosts": ["shop.test"],
        "tls": {"mode": "SIMPLE"} | tls,
    }
    document = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "Gateway",
        "metadata": {"name": "shop", "namespace": "default"},
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
    }
    return json.dumps(document)


MISSING = [
    ({"credentialName": "shop"}, "kubernetes://shop"),
    (
        {"serverCertificate": "/none.pem", "privateKey": "/none.key"},
        "file-cert:/none.pem~/none.key",
    ),
]


@pytest.mark.parametrize(("tls", "name"), MISSING, ids=["secret", "file"])
def test_a_certificate_that_the_proxy_does_not_get_is_named_at_once(place, tls, name):
    with place.delivered(ending_tls(**tls)) as delivery:
        assert delivery.waiting_for == (name,)
        assert delivery.seconds < session.ANSWER_SECONDS / 10


STOPPED = {
    0: "istiod has not noticed EnvoyFilter/istio-system/x",
    1: "the proxy has not answered",
    2: "the proxy has not answered",
}


@pytest.mark.parametrize("stopped", STOPPED, ids=["istiod", "agent", "Envoy"])
def test_a_step_that_does_not_happen_is_named_with_the_last_words(
    broken, url, monkeypatch, stopped
):
    monkeypatch.setattr(session, "ANSWER_SECONDS", 1.0)
    os.kill(pids(broken)[stopped], signal.SIGSTOP)

    with (
        pytest.raises(gate.NotProven) as why,
        broken.delivered(broken.render(url, HELLO, name="x")),
    ):
        pytest.fail("the block must not run")
    told = str(why.value)
    assert STOPPED[stopped] in told
    for name in ("istiod", "pilot-agent", "Envoy"):
        assert f"last in {name}'s log:\n" in told


KILLED = {
    0: r"istiod ended by itself \(signal SIGKILL\)",
    1: r"pilot-agent ended by itself \(signal SIGKILL\)",
    2: r"Envoy ended by itself, and the agent with it: Envoy exited with error: signal: killed",
}


@pytest.mark.parametrize("killed", KILLED, ids=["istiod", "agent", "Envoy"])
def test_a_process_that_dies_is_reported_as_such(broken, url, killed):
    victims = pids(broken)
    os.kill(victims[killed], signal.SIGKILL)
    waiting.until(
        lambda: alive(victims[min(killed, 1)]), lambda seen: not seen, what="the end", within=10
    )

    with (
        pytest.raises(processes.ProcessFailed, match=KILLED[killed]) as why,
        broken.delivered(broken.render(url, HELLO, name="x")),
    ):
        pytest.fail("the block must not run")
    assert "last seen in" in str(why.value)
    with pytest.raises(processes.ProcessFailed, match=KILLED[killed]):
        broken.mark()  # no later test is judged by it


def test_an_agent_that_does_not_start_envoy_is_told_by_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(pilot_agent, "START_SECONDS", 1.0)
    agent = tmp_path / "waits"
    agent.write_text("#!/bin/sh\necho waiting for a certificate\nexec sleep 60\n")
    agent.chmod(0o755)
    node = ingress_gateway("1.31.0")

    with pytest.raises(processes.ProcessFailed, match="waiting for a certificate") as why:
        pilot_agent.start(agent, Path("/bin/false"), node, "127.0.0.1:1", tmp_path, {})
    assert "starting Envoy" in str(why.value)
    assert "Hint: /bin/false --version" in str(why.value)


def test_an_envoy_that_does_not_start_is_told_by_the_agents_last_words(binaries_of, tmp_path):
    binaries = binaries_of(RELEASES[-1])
    node = ingress_gateway("1.31.0")

    with pytest.raises(processes.ProcessFailed, match=r"Envoy ended by itself.*exit status 1"):
        pilot_agent.start(binaries.agent, Path("/bin/false"), node, "127.0.0.1:1", tmp_path, {})


def test_an_istiod_without_an_api_ends_with_its_last_words(binaries_of, tmp_path, monkeypatch):
    monkeypatch.setattr(istiod, "START_SECONDS", 2.0)
    binaries = binaries_of(RELEASES[-1])
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: "
        "{cluster: x}}], clusters: [{name: x, cluster: {server: 'http://127.0.0.1:1'}}]}"
    )

    with pytest.raises((istiod.IstiodFailed, processes.ProcessFailed)) as why:
        istiod.start(binaries.istiod, kubeconfig, tmp_path, istio_filters=False)
    assert "last seen in" in str(why.value)
    assert "likely cause: the Kubernetes API" in str(why.value)


KILLED_RUN = """
import sys
sys.path[:0] = [{root!r}]
import signal
from pathlib import Path
from bookinfo.app import Application
from bookinfo.documents import documents
from clusters import release
from clusters.local import envoy, istiod_cluster
from clusters.local.binaries import find

asked, app = release.find({release!r}), Application()
found = find(asked)
with istiod_cluster.running(
    asked, found, found.envoy or envoy.find(None).path, documents(app.port), Path({folder!r}), []
) as place:
    own = place._session
    print(own.istiod.process.child.pid, own.agent.process.child.pid, own.agent.envoy_pid())
    sys.stdout.flush()
    signal.pause()
"""


def test_nothing_survives_a_run_that_is_killed(binaries_of, tmp_path):
    binaries_of(RELEASES[-1])
    program = KILLED_RUN.format(root=str(ROOT), release=RELEASES[-1], folder=str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        children = [int(pid) for pid in run.stdout.readline().split()]
        assert len(children) == 3
        assert all(map(alive, children))
        run.kill()

    waiting.until(
        lambda: [pid for pid in children if alive(pid)],
        lambda left: not left,
        what="every process having ended",
        within=10,
    )
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
