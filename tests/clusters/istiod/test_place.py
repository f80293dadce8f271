"""The local place under real istiod: what takes effect, what is refused, what is told."""

import json

import pytest

from clusters import gate
from clusters.local import session
from clusters.pilot.documents import NotBuilt
from tests.clusters.istiod.acting import HELLO, RELEASES, pids, says_hello
from tests.kernel import alive, listening


@pytest.fixture(scope="module", params=RELEASES)
def place(request, start):
    with start(request.param) as running:
        yield running


def beyond_loopback(addresses):
    """Return those that are not 127.x.y.z, which the kernel writes with the first byte last."""
    return [one for one in addresses if len(one) != 8 or not one.endswith("7F")]


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
