"""How the agent downloads: attempts, time limits, unpacking, per release."""

import gzip
import io
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from clusters import release, waiting
from clusters.pilot import transport
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.fetch import FetchError, fetch, unbox
from clusters.pilot.settings import Settings
from filters.loopback import Handler, listen

MODULE = b"\0asm\1\0\0\0rest"
OLD, NEW = (Behaviours.of(release.find(name)) for name in ("1.9", "latest"))


@pytest.fixture
def server():
    script: list[tuple[int, bytes]] = []
    times: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            times.append(time.monotonic())
            status, body = script.pop(0) if len(script) > 1 else script[0]
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(body) + running.missing))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    running: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.missing = 0  # bytes that are announced and never come
    running.answers, running.times = script, times
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    running.url = f"http://127.0.0.1:{running.server_port}/filter.wasm"
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def tar(*entries: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in entries:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def test_a_module_is_returned_as_served(server):
    server.answers[:] = [(200, MODULE)]

    assert fetch(server.url, timeout=5, behaviours=NEW) == MODULE


def test_a_redirect_is_followed(server):
    server.answers[:] = [(302, b""), (200, MODULE)]

    assert fetch(server.url, timeout=5, behaviours=NEW) == MODULE


def test_a_body_that_breaks_off_is_no_module(server):
    server.answers[:] = [(200, MODULE)]
    server.missing = 1

    with pytest.raises(FetchError, match="unexpected EOF"):
        fetch(server.url, timeout=5, behaviours=NEW)


@pytest.mark.parametrize("status", [404, 403, 429, 501, 505, 511])
def test_these_answers_are_final(server, status):
    server.answers[:] = [(status, b"")]

    with pytest.raises(FetchError, match=f"after 1 attempts, last error: .* status code {status}"):
        fetch(server.url, timeout=5, behaviours=NEW)
    assert len(server.times) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_tried_again(server, status):
    server.answers[:] = [(status, b""), (200, MODULE)]

    assert fetch(server.url, timeout=5, behaviours=NEW) == MODULE
    assert len(server.times) == 2


def test_five_server_errors_end_it_in_1_9(server):
    server.answers[:] = [(503, b"")]

    with pytest.raises(FetchError, match=r"failed after 5 attempts, last error: .*status code 503"):
        fetch(server.url, timeout=5, behaviours=OLD)
    assert len(server.times) == 5


def test_pauses_grow_since_1_10_and_are_even_before(server, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(waiting, "pause", pauses.append)
    server.answers[:] = [(503, b"")]
    for behaviours in (OLD, NEW):
        with pytest.raises(FetchError):
            fetch(server.url, timeout=100, behaviours=behaviours)

    assert pauses == [0.05] * 4 + [0.5, 0.75, 1.125, 1.6875]


def test_the_time_limit_bounds_all_attempts_together(server):
    server.answers[:] = [(503, b"")]
    began = time.monotonic()

    told = rf'after 2 attempts, last error: Get "{server.url}": context deadline exceeded$'
    with pytest.raises(FetchError, match=told):
        fetch(server.url, timeout=0.3, behaviours=NEW)
    assert 0.25 < time.monotonic() - began < 2


def test_the_time_limit_ends_a_body_that_comes_in_drips():
    class Drips(Handler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"x")
                self.wfile.flush()
                waiting.pause(0.02)

    running = listen(Drips, None, name="drips")
    with pytest.raises(FetchError, match="context deadline exceeded"):
        fetch(f"http://{running.address}/a.wasm", timeout=0.3, behaviours=NEW)
    running.stop()


def test_nobody_listening_is_tried_again(monkeypatch):
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)

    with pytest.raises(FetchError, match=r'after 5 attempts, last error: Get ".*refused'):
        fetch("http://127.0.0.1:1/x.wasm", timeout=100, behaviours=NEW)


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_a_proxy_in_the_environment_diverts_nothing(server, monkeypatch, variable):
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    transport._opener.cache_clear()
    server.answers[:] = [(200, MODULE)]

    assert fetch(server.url, timeout=5, behaviours=NEW) == MODULE


def test_a_module_beyond_the_size_limit_is_cut_off_since_1_30(server):
    server.answers[:] = [(200, MODULE)]
    before, since = (
        fetch(
            server.url, timeout=5, behaviours=Behaviours(version), settings=Settings(size_limit=9)
        )
        for version in ("1.29.0", "1.30.0")
    )

    assert (before, since) == (MODULE, MODULE[:9])


def test_a_module_of_exactly_the_size_limit_is_whole(server):
    server.answers[:] = [(200, MODULE)]
    limit = Settings(size_limit=len(MODULE))

    assert fetch(server.url, timeout=5, behaviours=NEW, settings=limit) == MODULE


BOXES = {
    "plain": MODULE,
    "gzip": gzip.compress(MODULE),
    "tar": tar(("plugin.wasm", MODULE)),
    "tar of two, first counts": tar(("a.wasm", MODULE), ("b.wasm", b"other")),
    "gzip of tar": gzip.compress(tar(("a.wasm", MODULE))),
    "tar of gzip": tar(("a.gz", gzip.compress(MODULE))),
}


@pytest.mark.parametrize("box", BOXES)
def test_a_boxed_module_is_unpacked(box):
    assert unbox(BOXES[box]) == MODULE


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"\x1f\x8bbroken", gzip.compress(b"hello"), tar(("a", b"hello"))],
    ids=["empty", "text", "broken gzip", "gzip of text", "tar of text"],
)
def test_what_holds_no_module_stays_as_it_was(body):
    assert unbox(body) == body


def test_before_1_15_nothing_is_unpacked(server):
    server.answers[:] = [(200, gzip.compress(MODULE))]

    assert fetch(server.url, timeout=5, behaviours=Behaviours("1.14.0")).startswith(b"\x1f\x8b")
    assert fetch(server.url, timeout=5, behaviours=Behaviours("1.15.0")) == MODULE
