"""The local place with its real Envoy: what the gate lets through, what it stops, what remains."""

import signal

import pytest

from bookinfo.documents import documents
from clusters import gate, processes
from clusters.local import envoy
from clusters.local.cluster import running
from clusters.pilot.documents import InvalidDocument, NotBuilt
from clusters.release import find

HELLO = '{"replace": {"hello": "world"}}'


@pytest.fixture(scope="module")
def headers_module(other_filter):
    return other_filter("headers")


@pytest.fixture
def url(publisher, headers_module):
    return publisher.publish(headers_module)


def says_hello(gateway):
    return gateway.send("GET", "/productpage").header("hello") == "world"


def replies(gateway):
    return gateway.send("GET", "/productpage").status


def test_a_filter_acts_inside_the_block_and_only_there(cluster, gateway, url):
    assert not says_hello(gateway)
    with cluster.applied(cluster.render(url, HELLO, name="x"), proof=says_hello):
        assert says_hello(gateway)

    assert not says_hello(gateway)


def test_an_error_inside_the_block_comes_out_and_the_filter_goes(cluster, gateway, url):
    with (
        pytest.raises(ZeroDivisionError),
        cluster.applied(cluster.render(url, HELLO, name="x"), proof=says_hello),
    ):
        raise ZeroDivisionError

    assert not says_hello(gateway)


def test_a_proof_that_always_holds_is_refused_before_anything_is_sent(cluster, url):
    with (
        pytest.raises(gate.ProvesNothing),
        cluster.applied(cluster.render(url, HELLO, name="x"), proof=lambda gateway: True),
    ):
        pytest.fail("the block must not run")


NOTHING = {
    "no such filter": (
        (
            "filter:\n            name: envoy.filters.network.http_connection_manager",
            "filter:\n            name: envoy.filters.network.tcp_proxy",
        ),
        "envoy.filters.network.tcp_proxy",
    ),
    "another context": (
        ("context: GATEWAY\n      listener", "context: SIDECAR_INBOUND\n      listener"),
        "SIDECAR_INBOUND",
    ),
    "another namespace": (("namespace: istio-system", "namespace: elsewhere"), "elsewhere"),
}


@pytest.mark.parametrize("case", NOTHING)
def test_documents_that_change_nothing_are_explained(cluster, gateway, url, case):
    (old, new), named = NOTHING[case]
    text = cluster.render(url, HELLO, name="x")
    assert old in text

    with (
        pytest.raises(gate.NotEffective, match=named),
        cluster.applied(text.replace(old, new), proof=says_hello),
    ):
        pytest.fail("the block must not run")
    assert replies(gateway) == 200


def test_a_filter_without_its_configuration_names_the_extension(cluster, gateway, url):
    first, _ = cluster.render(url, HELLO, name="lonely").split("---\n")

    with pytest.raises(gate.NotEffective, match="lonely"), cluster.applied(first):
        pytest.fail("the block must not run")
    assert replies(gateway) == 200


def test_a_refused_configuration_carries_the_words_of_proxy_and_filter(cluster, gateway, url):
    with (
        pytest.raises(gate.Refused) as why,
        cluster.applied(cluster.render(url, "{", name="refused"), proof=says_hello),
    ):
        pytest.fail("the block must not run")

    assert "Unable to create Wasm plugin refused" in str(why.value)
    assert "configuration refused" in str(why.value), "the filter's own log line"
    assert replies(gateway) == 200


def test_a_module_that_cannot_be_fetched_is_reported_in_the_agents_words(cluster, publisher):
    url = publisher.serve_status("x.wasm", 404)

    with (
        pytest.raises(gate.FetchFailed, match=f"cannot fetch Wasm module {url}.*status code 404"),
        cluster.applied(cluster.render(url, HELLO, name="x"), proof=says_hello),
    ):
        pytest.fail("the block must not run")


INVALID = {
    "no YAML": ("a: [", InvalidDocument, "this is no YAML"),
    "two of one name": ("{text}---\n{text}", InvalidDocument, "already given"),
    "unknown kind": (
        "{text}".replace(
            "{text}",
            "apiVersion: networking.istio.io/v1alpha3\n"
            "kind: EnvoyFliter\nmetadata: {name: x, namespace: y}\nspec: {}\n",
        ),
        InvalidDocument,
        "EnvoyFilter",
    ),
    "unknown enum": ("operation", InvalidDocument, "INSERT_BEFORE"),
    "refused by the schema": (
        "targetRefs",
        InvalidDocument,
        'EnvoyFilter.networking.istio.io "x-.*" is invalid: .*: only one of targetRefs or',
    ),
    "kind of a later day": ("kind", NotBuilt, "Telemetry is known to Istio"),
}


@pytest.mark.parametrize("case", INVALID)
def test_documents_that_cannot_be_read_are_refused_before_anything_is_sent(
    cluster, gateway, url, case
):
    text, error, named = INVALID[case]
    rendered = cluster.render(url, HELLO, name="x")
    if text == "operation":
        text = rendered.replace("INSERT_BEFORE", "INSERT_BEHIND")
    elif text == "kind":
        text = rendered.replace("kind: EnvoyFilter", "kind: Telemetry")
    elif text == "targetRefs":
        target = '{kind: Service, group: "", name: a}'
        selecting = f"spec:\n  workloadSelector: {{}}\n  targetRefs: [{target}]\n"
        text = rendered.replace("spec:\n", selecting, 1)

    with pytest.raises(error, match=named), cluster.applied(text.replace("{text}", rendered)):
        pytest.fail("the block must not run")
    assert replies(gateway) == 200


def test_a_document_of_the_same_name_is_replaced_and_comes_back(cluster, gateway, url):
    text = cluster.render(url, HELLO, name="x")
    with cluster.applied(text, proof=says_hello):
        with cluster.delivered(text.replace("world", "moon")) as delivery:
            assert delivery.refusals == ()
            assert gateway.send("GET", "/productpage").header("hello") == "moon"
        assert says_hello(gateway)


def test_evidence_tells_what_was_sent_asked_answered_and_logged(cluster, gateway, url, tmp_path):
    cluster.mark()
    with cluster.applied(cluster.render(url, HELLO, name="evident"), proof=says_hello):
        cluster.evidence(tmp_path)

    contents = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert set(contents) == {
        "config_dump.json",
        "documents.yaml",
        "envoy.log",
        "exchanges.txt",
        "patches.txt",
        "stats.txt",
    }
    assert "evident" in contents["config_dump.json"]
    assert "evident" in contents["documents.yaml"]
    assert "hello: world" in contents["exchanges.txt"]
    assert "curl -i" in contents["exchanges.txt"]
    assert "listener_manager" in contents["stats.txt"]


def test_an_envoy_that_is_killed_is_reported_as_such(bookinfo, tmp_path):
    with running(find("1.9"), envoy.find(None), documents(bookinfo.port), tmp_path) as place:
        place._process.child.send_signal(signal.SIGKILL)
        place._process.child.wait()

        with pytest.raises(processes.ProcessFailed, match="SIGKILL"), place.delivered(""):
            pytest.fail("the block must not run")
        with pytest.raises(processes.ProcessFailed, match="SIGKILL"):
            place.mark()  # no later test is judged by it


def test_a_configuration_that_does_not_come_back_is_an_error(
    bookinfo, publisher, headers_module, tmp_path
):
    url = publisher.serve("once.wasm", headers_module.read())
    base = documents(bookinfo.port)
    # 1.9 fetches a module without a checksum anew each time.
    with running(find("1.9"), envoy.find(None), base, tmp_path) as place:
        text = place.render(url, HELLO, name="x")

        def lose_the_module() -> None:
            with place.delivered(text.replace("world", "moon")) as delivery:
                assert delivery.fetch_failures == ()
                publisher.remove(url)

        lost = pytest.raises(gate.NotProven, match=r"did not come back: .*status code 404")
        with place.applied(text, proof=says_hello), lost:
            lose_the_module()
