"""Connections into pods through the API, and the logs of pods, as the real client has them."""

import http.client
import time

import pytest

from clusters import apply, waiting
from clusters.kube import forwarding
from clusters.kube.forwarding import Connection, NotForwarded
from clusters.kube.pod_log import PodLog
from tests.kube.conftest import CONTEXT


@pytest.fixture
def connection(ways):
    """A connection to the admin port of a pod, and to no other."""
    opened = []

    def connect(name):
        opened.append(Connection(ways, "ingress", name, 15000, timeout=10))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


def test_a_port_of_a_pod_answers_more_than_once_on_one_connection(lab, connection):
    big = "x" * 300_000
    lab.gateway("gateway-a").pages |= {"/big": big, "/small": "y"}
    found = connection("gateway-a")

    for path, text in [("/big", big), ("/small", "y"), ("/big", big)]:
        found.request("GET", path)
        assert found.getresponse().read().decode() == text
    assert len([line for line in lab.front.paths if "portforward" in line]) == 1


def test_a_pod_that_is_not_there_is_named(lab, connection):
    with pytest.raises(NotForwarded, match="no connection to port 15000 of the pod ingress/other"):
        connection("other").request("GET", "/")


def test_a_way_that_is_never_answered_is_given_up(lab, connection, monkeypatch):
    monkeypatch.setattr(forwarding, "OPEN_SECONDS", 0.3)
    lab.gateway("gateway-a")
    lab.front.mute.add("gateway-a")

    with pytest.raises(NotForwarded, match=r"gateway-a: the .* says nothing for 0\.3 s"):
        connection("gateway-a").request("GET", "/")


def test_a_connection_ends_with_the_api_server(lab, connection):
    lab.gateway("gateway-a").pages["/"] = "y"
    found = connection("gateway-a")
    found.request("GET", "/")
    found.getresponse().read()
    lab.front.stop()

    def ask():
        found.request("GET", "/")
        return found.getresponse()

    with pytest.raises((OSError, http.client.HTTPException)):
        ask()


@pytest.fixture
def log(lab, tmp_path):
    from kubernetes import client

    api = client.CoreV1Api(apply.api_client(lab.target.kubeconfig, context=CONTEXT))
    log = PodLog(api, "ingress", "gateway-a", "istio-proxy", tmp_path / "log")
    yield log
    log.close()


def reaches(lab, log, text):
    """Let the pod say something until it arrives, for whether anybody listens is not to be seen."""

    def said():
        lab.front.says("gateway-a", text)
        return log.file.read_text()

    return waiting.until(said, lambda seen: text in seen, what=text, within=10, every=0.05)


def test_a_log_is_followed_from_now_on(lab, tmp_path, request):
    lab.front.says("gateway-a", "before\n")
    log = request.getfixturevalue("log")

    assert "before" not in reaches(lab, log, "after\n")


def test_a_log_is_followed_again_where_the_server_ended_the_stream(lab, log):
    reaches(lab, log, "first\n")
    lab.front.hang_up()

    reaches(lab, log, "second\n")


def test_a_log_that_nobody_writes_is_let_go_at_once(lab, log):
    reaches(lab, log, "first\n")
    began = time.monotonic()
    log.close()

    assert time.monotonic() - began < 2
