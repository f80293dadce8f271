"""Arms at a gateway in a cluster: what their documents make of its proxy, and when it gives up."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bookinfo.documents import documents
from clusters import apply, gate, release
from clusters.cluster import Delivery
from clusters.kube.stopwatch import layout, session
from clusters.kube.stopwatch.arms import PodArms
from clusters.kube.stopwatch.footprint import LoadedGateway
from clusters.kube.stopwatch.process import NotHere
from clusters.kube.stopwatch.stopwatch import KubeStopwatch
from clusters.pilot import documents as istio_documents
from clusters.pilot.documents import InvalidDocument
from clusters.pilot.node import ingress_gateway
from clusters.pilot.push import push
from clusters.stopwatch import accesslog
from clusters.stopwatch.footprint import CONNECTIONS
from suites.latency import loads

LOAD = loads.of("headers", "")
MODULE = ("http://127.0.0.1:9/filter.wasm", "a" * 64, LOAD.configuration)
EMPTY = ("http://127.0.0.1:9/empty.wasm", "b" * 64, "")


@pytest.fixture
def arms():
    return PodArms().made({"new": MODULE, "empty": EMPTY}, native=LOAD.native)


@pytest.fixture
def where(arms):
    return layout.listeners(arms, run="run", number=2)


@pytest.fixture
def listeners(where):
    """What a control plane makes of a session's documents, by port."""
    asked = release.find("1.31")
    text = "---\n".join([documents(9080), layout.render(where, "stopwatch-run-2")])
    parsed = istio_documents.parse(text, source="a session")
    snapshot = push(parsed, ingress_gateway(asked.version), asked)
    assert [outcome.sentence for outcome in snapshot.outcomes if not outcome.effective] == []
    return {each["address"]["socket_address"]["port_value"]: each for each in snapshot.listeners}


def test_every_arm_is_a_listener_with_its_own_filter_and_no_other(where, listeners):
    without = next(each for each in where if each.arm.role == "none")
    plain = [each["name"] for each in gate.managers(listeners[without.port])[0]]

    for each in where:
        names = [one["name"] for one in gate.managers(listeners[each.port])[0]]
        own = {
            "none": [],
            "native": ["envoy.filters.http.header_mutation"],
        }.get(each.arm.role, [f"stopwatch-run-2-{each.arm.name}"])
        assert names == [*own, *plain], each.arm.name


def test_only_arms_are_logged_each_under_its_own_label(where, listeners):
    logged = {}
    for port, listener in listeners.items():
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        texts = [
            log["typed_config"]["log_format"]["text_format_source"]["inline_string"]
            for log in manager.get("access_log", [])
            if log["typed_config"].get("path") == layout.LOG
        ]
        logged[port] = [text for text in texts if text.startswith("stopwatch ")]

    assert logged.pop(8080) == []
    assert set(logged) == {each.port for each in where}
    for each in where:
        (text,) = logged[each.port]
        assert text.startswith(f"{each.label} %REQ(x-b)% %COMMON_DURATION(")


def test_sessions_share_neither_ports_nor_names(arms):
    first, second = (layout.listeners(arms, run="run", number=number) for number in (0, 1))

    assert {each.port for each in first}.isdisjoint(each.port for each in second)
    assert {each.host for each in first}.isdisjoint(each.host for each in second)
    assert len({each.host for each in first}) == len(arms)


def test_lines_of_others_in_a_log_are_none_of_an_arms():
    text = "\n".join(
        (
            "2026-11-25T04:00:00Z info Envoy proxy is ready",
            "stopwatch new-0.run-1.example 7 1500 2500",
            "stopwatch new-0.run-10.example 7 1 2",
            '[2026-11-25T04:00:00Z] "GET /productpage HTTP/1.1" 200',
            "stopwatch new-0.run-1.example - 1 2",
            "stopwatch new-0.run-1.example 7 1600 2600",
        )
    )

    own = accesslog.labelled(text, "stopwatch new-0.run-1.example")

    assert accesslog.read(own) == {7: accesslog.Lines((1500, 1600), (2500, 2600))}


class GivenUp(Exception):
    pass


def give_up(reason):
    raise GivenUp(reason)


def unseen():
    raise NotHere("its Envoy is on another machine")


TAKEN = Delivery((), (), "", (), (), "", 0.1)


class Proxy:
    def log_size(self):
        return 0

    def log_since(self, offset):
        return ""

    def version(self):
        return "1.40.0"


class Gateway:
    url = "http://127.0.0.1:9"


class Refusing:
    """A gateway that answers documents as it is told, and nothing else."""

    def __init__(self, outcome):
        self.outcome, self.asked, self.waited = outcome, [], []
        self.proxy, self.gateway = Proxy(), Gateway()

    def wait_for_machines(self, count):
        self.waited.append(count)

    @contextmanager
    def delivered(self, documents):
        self.asked.append(documents)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        yield self.outcome


def refusing(outcome: object) -> Any:
    return Refusing(outcome)


WORDS = "Not supported field in StreamInfo: COMMON_DURATION"
REFUSALS = [
    pytest.param(replace(TAKEN, refusals=(WORDS,)), WORDS, id="the proxy"),
    pytest.param(replace(TAKEN, fetch_failures=("no module",)), "no module", id="the agent"),
    pytest.param(replace(TAKEN, waiting_for=("new-0",)), "nobody gives", id="nobody"),
    pytest.param(InvalidDocument("denied the request"), "denied the request", id="a webhook"),
    pytest.param(apply.Refused("applying", 403, "forbidden"), "forbidden", id="no right"),
    pytest.param(gate.NotProven("istiod is silent"), "istiod is silent", id="istiod"),
]


@pytest.mark.parametrize(("outcome", "words"), REFUSALS)
def test_what_cannot_be_measured_is_given_up_with_the_reason(arms, outcome, words):
    cluster = refusing(outcome)
    watch = KubeStopwatch(cluster, "quick", here=True, process=unseen, give_up=give_up)

    with pytest.raises(GivenUp, match="latency cannot be measured at this gateway: ") as told:
        watch.measure(arms, LOAD, seed=1)

    assert words in str(told.value)
    # The second time without Envoy's own filter, which an old istiod may not know.
    assert ["header_mutation" in text for text in cluster.asked] == [True, False]


def test_what_is_not_timed_is_not_logged(where):
    assert "access_log" not in layout.render(where, "stopwatch-run-2", logged=False)


@pytest.mark.parametrize(("outcome", "words"), REFUSALS)
def test_memory_that_cannot_be_measured_is_given_up_with_the_reason(arms, outcome, words):
    load = LoadedGateway(refusing(outcome), give_up)

    with (
        pytest.raises(GivenUp, match="memory cannot be measured at this gateway: ") as told,
        load(arms[:1], LOAD),
    ):
        pytest.fail("nothing is loaded")

    assert words in str(told.value)


@pytest.fixture
def answering():
    """The URL of a server that answers as a gateway with all of the arms in it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            if not self.headers["host"].startswith(("none-", "empty-")):
                self.send_header(*LOAD.effect.split(": "))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_memory_is_read_from_a_proxy_without_machines_and_then_added_to(arms, answering):
    cluster = refusing(TAKEN)
    cluster.gateway.url = answering
    load = LoadedGateway(cluster, give_up)

    for _ in range(2):
        with load(arms[:1], LOAD) as first, load(arms[1:2], LOAD) as second:
            assert (first.ask(CONNECTIONS), second.ask(CONNECTIONS)) == (0, 0)

    assert cluster.waited == [0, 0]


def test_an_arm_that_does_not_act_is_not_loaded(arms, answering, monkeypatch):
    monkeypatch.setattr(session, "ANSWER_SECONDS", 0.2)
    cluster = refusing(TAKEN)
    cluster.gateway.url = answering
    idle = replace(arms[0], acting=True)

    with (
        pytest.raises(GivenUp, match="the arm none-0 answering as it must did not come true"),
        LoadedGateway(cluster, give_up)([idle], LOAD),
    ):
        pytest.fail("nothing is loaded")


def test_a_failure_of_the_check_itself_is_not_the_gateways(arms, answering):
    cluster = refusing(TAKEN)
    cluster.gateway.url = answering

    with (
        pytest.raises(gate.NotProven, match="somebody else"),
        session.placed(cluster, arms, LOAD, run="run", number=0),
    ):
        raise gate.NotProven("somebody else")
