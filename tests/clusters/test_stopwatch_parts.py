"""The parts of the stopwatch that need no proxy: order, requests, answers, logs, disturbance."""

import os
import platform
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import SimpleNamespace

import pytest

from clusters.stopwatch import accesslog, environment, load, plugin, schedule
from clusters.stopwatch.client import Client

GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: %d\r\nx-measured: yes\r\n\r\nok"


@dataclass(frozen=True)
class Asked:
    headers: dict[str, str] = field(default_factory=dict)
    effect: str = ""
    refusal: load.Refusal | None = None


def test_a_report_tells_what_machine_its_figures_are_of():
    told = plugin.pytest_conformance_facts()["machine"]

    kernel = f"{platform.system()} {platform.release()}"
    assert f", {os.cpu_count()} cores, {kernel}, load at the end " in told


def test_a_round_is_every_arm_and_then_the_same_backwards():
    for order in islice(schedule.rounds("abcd", "seed"), 20):
        assert order == order[::-1]
        assert sorted(order[:4]) == list("abcd")


def test_rounds_differ_and_a_seed_repeats_them():
    first, again, other = (
        list(islice(schedule.rounds("abcd", seed), 20)) for seed in ("1", "1", "2")
    )

    assert first == again != other
    assert len({tuple(order) for order in first}) > 5


@pytest.mark.parametrize(
    ("effect", "acting", "status", "head", "good"),
    [
        ("x-measured: yes", True, 200, b"x-measured: yes\r\n", True),
        ("x-measured: yes", True, 200, b"X-Measured: yes\r\n", True),
        ("x-measured: yes", True, 200, b"x-measured: yes, no\r\n", False),
        ("x-measured: yes", True, 200, b"", False),
        ("x-measured: yes", True, 503, b"x-measured: yes\r\n", False),
        ("x-measured: yes", False, 200, b"", True),
        ("x-measured: yes", False, 200, b"x-measured: yes\r\n", False),
        ("", True, 404, b"", True),
        ("", True, 503, b"", False),
        ("", False, 404, b"", False),
    ],
)
def test_an_answer_is_good_if_it_shows_the_filter_where_one_acts(
    effect, acting, status, head, good
):
    assert load.timed(Asked(effect=effect), acting=acting).accepts(status, head) is good


def test_a_refusal_is_expected_of_a_filter_only():
    refusal = SimpleNamespace(headers={}, status=401)

    assert load.refused(refusal, acting=True).accepts(401, b"")
    assert not load.refused(refusal, acting=True).accepts(200, b"")
    assert load.refused(refusal, acting=False).accepts(200, b"")


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 2),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", None),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 12),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", None),
        (b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", 0),
        (b"HTTP/1.1 200 OK\r\ncontent-le", None),
    ],
)
def test_an_answer_is_whole_once_its_body_is(data, length):
    response = load.read(data)

    assert (response and response.length) == length


def test_a_log_is_read_block_by_block_and_leaves_out_what_is_not_timed():
    text = "7 100 200\n- 1 2\n8 300 400\n7 101 201\n9 - 5\n10 1"

    assert accesslog.read(text) == {
        7: accesslog.Lines((100, 101), (200, 201)),
        8: accesslog.Lines((300,), (400,)),
    }


def test_time_that_others_used_and_that_the_host_took_is_told_apart():
    before = environment.Reading(total=100, idle=50, stolen=5, own=10)
    after = environment.Reading(total=120, idle=54, stolen=7, own=18)

    assert environment.between(before, after) == environment.Disturbance(steal=0.1, foreign=0.3)


def test_a_machine_that_tells_nothing_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "PROC", tmp_path)

    assert environment.machine().cores >= 1
    assert environment.between(
        environment.reading(), environment.reading()
    ) == environment.Disturbance(0.0, 0.0)


@contextmanager
def answering(*answers):
    """Serve one connection after the other: an answer for each request, None to hang up."""
    server = socket.create_server(("127.0.0.1", 0))
    waiting = iter(answers)

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while connection.recv(65536):
                    if (answer := next(waiting, None)) is None:
                        break
                    for part in answer if isinstance(answer, list) else [answer]:
                        connection.sendall(part)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()
    finally:
        # Wakes the thread that waits in accept, which closing alone does not.
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def sent(*answers, requests, effect="x-measured: yes"):
    answer = load.timed(Asked(effect=effect), acting=True)
    with answering(*answers) as address:
        client = Client("new-0", address, 1)
        burst = client.burst(load.request({}, "1"), requests, answer)
        client.close()
    return burst, client.complaint


def test_every_answer_is_looked_at():
    bare = GOOD.replace(b"x-measured: yes\r\n", b"")
    burst, complaint = sent(GOOD % 1, GOOD % 1, bare % 1, GOOD % 2, requests=4)

    assert (burst.requests, burst.bad, burst.missing) == (4, 1, 0)
    assert complaint.startswith("HTTP/1.1 200 OK; content-length: 2; date: 1")


def test_a_body_of_another_length_is_a_bad_answer():
    longer = GOOD.replace(b"content-length: 2", b"content-length: 3") + b"k"
    burst, _ = sent(GOOD % 1, longer % 1, requests=2)

    assert (burst.bad, burst.missing) == (1, 0)


def test_without_a_promise_every_answer_must_be_like_the_first():
    burst, complaint = sent(
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        requests=2,
        effect="",
    )

    assert burst.bad == 1
    assert "200 OK" in complaint


def test_an_answer_in_pieces_is_one_answer():
    whole = GOOD % 1
    burst, complaint = sent([whole[:20], whole[20:]], requests=1)

    assert (burst.bad, burst.missing, complaint) == (0, 0, "")


def test_a_connection_that_ends_is_a_missing_answer_and_the_next_is_asked_anew():
    burst, complaint = sent(GOOD % 1, None, GOOD % 1, requests=3)

    assert (burst.bad, burst.missing) == (0, 1)
    assert complaint == "no answer: the connection was closed after 0 bytes"
