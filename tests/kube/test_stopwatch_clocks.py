"""By which clock the arms at a gateway are timed: that of a real Envoy, or its CPU time.

The gateway is one of this machine, whose listeners keep their ports, as those in a pod do.
"""

import os
import socket
import subprocess
import sys

import pytest

from bookinfo.documents import documents
from clusters import release
from clusters.kube.stopwatch import layout, means, process, session, stopwatch
from clusters.kube.stopwatch.arms import PodArms
from clusters.kube.stopwatch.stopwatch import KubeStopwatch
from clusters.local import cluster as local
from clusters.local import envoy, loopback
from clusters.stopwatch import accesslog, environment
from clusters.stopwatch.session import Plan
from clusters.stopwatch.stopwatch import Effort
from filters import build, sources
from filters.sources import HERE
from reports import latency
from suites.latency import loads
from suites.latency.measuring import measurement
from suites.subjects import Subject

LOAD = loads.of("headers", "")
UNSEEN = "its Envoy is on another machine"
LATER = "Not supported field in StreamInfo: LATER_DURATION"


class GivenUp(Exception):
    pass


def give_up(reason):
    raise GivenUp(reason)


def unseen():
    raise process.NotHere(UNSEEN)


@pytest.fixture
def gateway(monkeypatch, tmp_path):
    """A gateway that leads on to its own listeners, and what it was asked for, in order."""
    bound = loopback.bind_to_loopback

    def kept(listener, *address):
        port = listener["address"]["socket_address"]["port_value"]
        if port < layout.FIRST_PORT:
            return bound(listener, *address)
        socket_address = {"address": layout.INSIDE, "port_value": port}
        return listener | {"address": {"socket_address": socket_address}}

    with socket.create_server((layout.INSIDE, 0)) as free:
        monkeypatch.setattr(layout, "FIRST_PORT", free.getsockname()[1])
    launch = envoy.launch

    def flushing(*args, **options):
        # An agent has its proxy write once a second; by itself it does every ten.
        return launch(*args, "--file-flush-interval-msec", "200", **options)

    monkeypatch.setattr(local, "bind_to_loopback", kept)
    monkeypatch.setattr(envoy, "launch", flushing)
    brief = Effort(least=2, most=2, seconds=0.0, plan=Plan(busy=0.2, idle=0.02, ways=0.0))
    monkeypatch.setattr(stopwatch, "QUICK", brief)
    monkeypatch.setattr(stopwatch, "SECOND_LOOK", 2)
    monkeypatch.setattr(session, "WARM_UP", 40)
    with local.running(release.find("1.31"), envoy.find(None), documents(9), tmp_path) as gateway:
        yield gateway


@pytest.fixture
def asked(gateway, monkeypatch):
    """What the gateway was asked for, in order."""
    seen: list[str] = []
    delivered = type(gateway).delivered

    def noted(self, text):
        seen.append(text)
        return delivered(self, text)

    monkeypatch.setattr(type(gateway), "delivered", noted)
    return seen


@pytest.fixture
def arms(publisher):
    module = build.build(sources.read(HERE / "headers" / "cpp"))
    made = (publisher.publish(module), module.sha256, LOAD.configuration)
    return PodArms().made({"new": made}, native=LOAD.native)


@pytest.fixture
def watch(gateway):
    return KubeStopwatch(
        gateway,
        "quick",
        here=False,
        process=lambda: int(gateway.process.removeprefix("pid ")),
        give_up=give_up,
    )


def judged(recording, arms):
    subject = Subject(
        label="headers cpp",
        release="1.31",
        arms=arms,
        load=LOAD,
        modules={"new": arms[-1].module[1]},
        budget=None,
    )
    return latency.estimate(measurement(latency, recording, subject))


def test_beside_the_clock_cpu_time_is_told_where_the_process_is_seen(watch, arms):
    recording = watch.measure(arms, LOAD, seed=1)
    found = judged(recording, arms)

    assert recording.without_clock == ""
    assert found.gate == "p25"
    assert found.bad == found.missing == 0
    # A request takes its proxy at least as long as the part of it that a duration holds.
    assert found.figures["cpu"].level.estimate > found.figures["p25"].level.estimate
    assert recording.facts["CPU time of"] == "the gateway's Envoy, a process of this machine"
    assert "CPU time" not in recording.facts["left out"]
    assert recording.machine.cores == os.cpu_count()


def test_no_cpu_time_is_told_where_the_process_is_not_seen(watch, arms):
    watch.process = unseen

    recording = watch.measure(arms, LOAD, seed=1)
    found = judged(recording, arms)

    assert found.gate == "p25"
    assert "cpu" not in found.figures
    assert "CPU time of" not in recording.facts
    assert recording.facts["left out"].endswith(f" ({UNSEEN})")
    assert recording.machine == environment.ELSEWHERE


def test_an_envoy_without_the_clock_is_judged_by_its_cpu_time(watch, arms, asked, monkeypatch):
    monkeypatch.setattr(accesslog, "OPERATOR", "LATER_DURATION")

    recording = watch.measure(arms, LOAD, seed=1)
    found = judged(recording, arms)
    again = watch.measure(arms, LOAD, seed=2)
    further = watch.measure_more(recording, arms, LOAD)

    assert recording.without_clock == f"Envoy says: {LATER}"
    assert again.without_clock == further.without_clock == recording.without_clock
    assert list(found.figures) == ["cpu"]
    assert found.gate == "cpu"
    assert latency.Thresholds().of("cpu") == 0.15
    assert found.bad == found.missing == 0
    # It refuses the clock once; what it takes has Envoy's own filter in it, which was no reason.
    first, *others = asked
    assert "LATER_DURATION" in first
    assert not any("LATER_DURATION" in text for text in others)
    assert all("header_mutation" in text for text in others)
    assert len(recording.sessions) == len(again.sessions) == 2


def test_a_log_that_tells_nothing_is_replaced_by_cpu_time(watch, arms, asked, monkeypatch):
    monkeypatch.setattr(layout, "LOG", os.devnull)
    monkeypatch.setattr(session, "LOG_SECONDS", 1.5)

    recording = watch.measure(arms, LOAD, seed=1)

    assert recording.without_clock.startswith("the gateway's log told nothing of none-0, native-0")
    assert recording.without_clock.endswith(" within 1.5 s")
    assert list(judged(recording, arms).figures) == ["cpu"]
    assert [os.devnull in text for text in asked] == [True, False, False]
    # It may have been late: another filter is asked about anew.
    watch.measure(arms, LOAD, seed=2)
    assert [os.devnull in text for text in asked[3:]] == [True, False, False]


def test_a_log_that_cannot_be_configured_is_left_out(watch, arms, asked, monkeypatch):
    monkeypatch.setattr(layout, "LOG", "/no/such/folder/log")

    recording = watch.measure(arms, LOAD, seed=1)

    assert "unable to open file '/no/such/folder/log'" in recording.without_clock
    assert list(judged(recording, arms).figures) == ["cpu"]
    told = [("/no/such" in text, "header_mutation" in text) for text in asked]
    assert told == [(True, True), (True, False), (False, False), (False, False)]


def test_without_clock_and_process_nothing_is_measured_and_both_reasons_are_told(
    watch, arms, asked, monkeypatch
):
    monkeypatch.setattr(accesslog, "OPERATOR", "LATER_DURATION")
    watch.process = unseen

    with pytest.raises(GivenUp) as told:
        watch.measure(arms, LOAD, seed=1)

    assert str(told.value).startswith("latency cannot be measured at this gateway: ")
    assert LATER in str(told.value)
    assert str(told.value).endswith(f"\nCPU time is not told either: {UNSEEN}")
    assert all("LATER_DURATION" in text for text in asked)


def test_a_second_look_by_another_clock_is_none(watch, arms, asked, monkeypatch):
    by_clock = watch.measure(arms, LOAD, seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(accesslog, "OPERATOR", "LATER_DURATION")
        by_cpu = watch.measure(arms, LOAD, seed=2)
        with pytest.raises(GivenUp, match="LATER_DURATION"):
            watch.measure_more(by_clock, arms, LOAD)
    asked.clear()
    watch.process = unseen

    with pytest.raises(GivenUp, match=UNSEEN):
        watch.measure_more(by_cpu, arms, LOAD)

    assert asked == []


def test_the_time_of_a_proxy_that_is_seen_is_no_strangers():
    busy = means.found(os.getpid)
    without = environment.reading().own
    used = busy.cpu_ns() / 10**9

    assert used > 0
    assert busy.reading().own >= without + used


def test_a_proxy_that_ended_is_told_from_one_that_used_no_time():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    with pytest.raises(session.Unmeasurable, match=f"the process {ended.pid}, ended meanwhile"):
        means.found(lambda: ended.pid).cpu_ns()
