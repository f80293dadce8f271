"""The file server hands out what it was given, counts, and misbehaves on request."""

import http.client
import re
import socket
import threading
import time
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from clusters import waiting
from filters.module import load
from filters.publish import FileServer


@pytest.fixture
def server():
    with FileServer() as server:
        yield server


@pytest.fixture
def built(tmp_path):
    path = tmp_path / "some.wasm"
    path.write_bytes(b"\0asm\1\0\0\0 and more")
    return load(path, name="some", contract="any", language="cpp")


def connect(url):
    parts = urlsplit(url)
    return closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=10))


def ask(connection, url, method="GET"):
    """Status, content type, announced length, body."""
    connection.request(method, urlsplit(url).path)
    reply = connection.getresponse()
    body = reply.read()
    return reply.status, reply.headers["content-type"], int(reply.headers["content-length"]), body


def ask_with(url, **headers):
    """Status, headers, body of a GET with these headers."""
    with connect(url) as connection:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", urlsplit(url).path, headers=names)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()


def fetch(url, method="GET"):
    with connect(url) as connection:
        return ask(connection, url, method)


def test_a_published_module_is_served_whole_on_loopback(server, built):
    url = server.publish(built)

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/1/some\.wasm", url)
    assert fetch(url) == (200, "application/wasm", built.size, built.read())


def test_the_same_content_keeps_its_url_and_other_content_gets_another(server, built, tmp_path):
    first = server.publish(built)
    built.path.write_bytes(b"\0asm\1\0\0\0 and something else")
    other = load(built.path, name="some", contract="any", language="cpp")

    assert server.publish(other) != first
    assert server.publish(other) == server.publish(other)
    assert fetch(first)[3] == b"\0asm\1\0\0\0 and more"


def test_every_path_is_handed_out_once(server):
    assert server.serve("a.wasm", b"1") != server.serve("a.wasm", b"1")


def test_head_announces_the_length_and_sends_no_body(server):
    parts = urlsplit(server.serve("a.wasm", b"12345"))
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as raw:
        raw.sendall(f"HEAD {parts.path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        reply = raw.makefile("rb").read()

    assert b"\r\nContent-Length: 5\r\n" in reply
    assert reply.endswith(b"\r\n\r\n")


def test_a_connection_serves_several_requests(server):
    url = server.serve("a.wasm", b"12345")
    with connect(url) as connection:
        connection.connect()
        opened = connection.sock
        replies = [ask(connection, url) for _ in range(3)]

        assert connection.sock is opened
    assert [body for *_, body in replies] == [b"12345"] * 3


def test_requests_are_counted_by_url_whatever_the_answer(server):
    asked, other = server.serve("a.wasm", b"1"), server.serve("a.wasm", b"1")
    broken = server.serve_status("a.wasm", 500)
    for url in (asked, asked, broken):
        fetch(url)

    assert [server.requests(url) for url in (asked, other, broken)] == [2, 0, 1]


def test_an_unknown_path_is_not_found(server):
    assert fetch(f"{server.base}/9/nothing.wasm")[0] == 404


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_status_is_answered_for_ever(server, status):
    url = server.serve_status("a.wasm", status)

    assert [fetch(url)[0] for _ in range(4)] == [status] * 4
    assert fetch(url)[3] == b""


def test_a_status_gives_way_to_the_module_after_some_requests(server, built):
    url = server.serve_status("a.wasm", 503, then=built, times=2)

    assert [fetch(url)[0] for _ in range(4)] == [503, 503, 200, 200]
    assert fetch(url)[3] == built.read()


def test_a_slow_answer_comes_whole_and_late(server):
    url = server.serve_slowly("a.wasm", b"12345", delay=0.2)
    started = time.monotonic()

    assert fetch(url)[3] == b"12345"
    assert time.monotonic() - started >= 0.2


def test_a_truncated_answer_announces_more_than_it_sends(server):
    url = server.serve_truncated("a.wasm", b"12345", keep=2)

    with pytest.raises(http.client.IncompleteRead) as caught:
        fetch(url)
    assert caught.value.partial == b"12"
    assert caught.value.expected == 3


def test_the_end_waits_for_no_slow_answer_and_leaves_no_thread():
    before = set(threading.enumerate())  # a run of the suites has a server of its own
    with ExitStack() as stack:
        server = stack.enter_context(FileServer())
        url = server.serve_slowly("a.wasm", b"1", delay=60)
        connection = stack.enter_context(connect(url))
        connection.request("GET", urlsplit(url).path)
        waiting.until(lambda: server.requests(url), bool, what="the request", within=5)
        started = time.monotonic()
        server.__exit__()

        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
    assert time.monotonic() - started < 5
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name == "file-server"]


def test_outside_its_block_the_server_says_that_it_does_not_listen():
    with pytest.raises(RuntimeError, match="does not listen; use it as a context manager"):
        FileServer().serve("a.wasm", b"1")


def test_many_clients_at_once_are_all_answered(server):
    url = server.serve("a.wasm", b"x" * 100_000)
    sizes = []
    threads = [threading.Thread(target=lambda: sizes.append(len(fetch(url)[3]))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sizes == [100_000] * 20
    assert server.requests(url) == 20


RANGES = {
    "bytes=2-4": (206, b"234", "bytes 2-4/10"),
    "bytes=7-": (206, b"789", "bytes 7-9/10"),
    "bytes=-2": (206, b"89", "bytes 8-9/10"),
    "bytes=-99": (206, b"0123456789", "bytes 0-9/10"),
    "bytes=8-99": (206, b"89", "bytes 8-9/10"),
    "bytes=10-": (416, b"", "bytes */10"),
    "bytes=-0": (416, b"", "bytes */10"),
    "bytes=4-2": (200, b"0123456789", None),
    "bytes=0-1,4-5": (200, b"0123456789", None),
    "lines=1-2": (200, b"0123456789", None),
    "bytes=-": (200, b"0123456789", None),
}


@pytest.mark.parametrize("asked", RANGES)
def test_a_part_is_answered_where_one_is_asked_for(server, asked):
    status, headers, body = ask_with(server.serve("a.wasm", b"0123456789"), Range=asked)

    assert (status, body, headers["content-range"]) == RANGES[asked]
    assert headers["accept-ranges"] == "bytes"


def test_a_body_that_the_client_has_is_not_sent_again(server):
    url = server.serve("a.wasm", b"12345")
    etag = ask_with(url)[1]["etag"]

    assert ask_with(url, If_None_Match=etag)[::2] == (304, b"")
    assert ask_with(url, If_None_Match=f'"other", W/{etag}')[::2] == (304, b"")
    assert ask_with(url, If_None_Match='"other"')[::2] == (200, b"12345")


def test_a_part_of_another_version_is_not_mixed_in(server):
    url = server.serve("a.wasm", b"12345")
    etag = ask_with(url)[1]["etag"]
    server.replace(url, b"abcde")

    assert ask_with(url, Range="bytes=3-", If_Range=etag)[::2] == (200, b"abcde")
    assert ask_with(url, Range="bytes=3-", If_Range=ask_with(url)[1]["etag"])[::2] == (206, b"de")


def test_a_redirect_leads_on_for_ever(server):
    url = server.serve_redirect("b.wasm", "http://elsewhere.test/a.wasm")

    assert [(ask_with(url)[0], ask_with(url)[1]["location"]) for _ in range(3)] == [
        (302, "http://elsewhere.test/a.wasm")
    ] * 3


def test_a_redirect_on_the_same_server_is_by_path(server):
    target = server.serve("a.wasm", b"12345")

    location = ask_with(server.serve_redirect("b.wasm", target))[1]["location"]

    assert location == target.removeprefix(server.base)
    assert location.startswith("/")


def test_what_is_removed_is_not_found(server):
    url = server.serve("a.wasm", b"12345")
    server.remove(url)

    assert fetch(url)[0] == 404
