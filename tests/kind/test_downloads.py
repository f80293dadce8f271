"""Programs are downloaded from a server of the test's own; the real addresses never were."""

import hashlib
import io
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clusters.kind import downloads
from clusters.kind.downloads import DownloadFailed, Source
from clusters.local.binaries import executables

#: As programs are published for this machine.
MACHINE = f"{sys.platform}-{executables.architecture()}"
PROGRAM = b"#!/bin/sh\necho here\n"


def archive(name, content=PROGRAM):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for each, body in (("README", b"read"), (name, content)):
            member = tarfile.TarInfo(each)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Web:
    """Files by their path, and the paths that were asked for."""

    def __init__(self):
        web = self
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                web.asked.append(self.path)
                content = web.files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def web():
    web = Web()
    yield web
    web.server.shutdown()
    web.server.server_close()


@pytest.fixture
def source(web):
    """A function that returns where a program is published on the test's own server."""

    def make(suffix="", **pinned):
        url = f"{web.url}/{{version}}/tool-{{system}}-{{architecture}}{suffix}"
        return Source("tool", url, ".sha256", "darwin", pinned, "1.0")

    return make


def test_a_program_is_got_once_and_checked_by_the_pinned_sha256(web, source):
    web.files[f"/1.0/tool-{MACHINE}"] = PROGRAM
    told: list[str] = []
    pinned = source(**{f"1.0-{MACHINE}": sha256(PROGRAM)})

    path, new = downloads.get(pinned, "1.0", told.append)
    again, newer = downloads.get(pinned, "1.0", told.append)

    assert (path.read_bytes(), new, again, newer) == (PROGRAM, True, path, False)
    assert path.stat().st_mode & 0o111
    assert web.asked == [f"/1.0/tool-{MACHINE}"]
    assert "checked by the sha256 pinned here" in told[0]


def test_a_program_is_taken_out_of_its_archive(web, source):
    packed = archive("tool")
    web.files[f"/1.0/tool-{MACHINE}.tar.gz"] = packed
    web.files[f"/1.0/tool-{MACHINE}.tar.gz.sha256"] = f"{sha256(packed)} tool.tar.gz\n".encode()
    told: list[str] = []

    path, _ = downloads.get(source(".tar.gz"), "1.0", told.append)

    assert path.read_bytes() == PROGRAM
    assert "the sha256 that lies beside it" in told[0]


def test_another_file_than_the_pinned_one_is_thrown_away(web, source):
    web.files[f"/1.0/tool-{MACHINE}"] = b"something else"

    with pytest.raises(DownloadFailed) as told:
        downloads.get(source(**{f"1.0-{MACHINE}": sha256(PROGRAM)}), "1.0", print)

    assert f"gave 14 bytes with the sha256 {sha256(b'something else')}" in str(told.value)
    assert "they were thrown away" in str(told.value)
    assert [path.name for path in downloads.root().iterdir() if "lock" not in path.name] == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "HTTP Error 404"),
        ({".sha256": b"<html>"}, "holds no sha256"),
        ({".sha256": b"0" * 64}, "HTTP Error 404"),
    ],
    ids=["no checksum", "a page", "no program"],
)
def test_what_is_not_there_is_told_with_its_address(web, source, files, words):
    for suffix, content in files.items():
        web.files[f"/1.0/tool-{MACHINE}{suffix}"] = content

    with pytest.raises(DownloadFailed) as told:
        downloads.get(source(), "1.0", print)

    assert words in str(told.value)
    assert web.url in str(told.value)


@pytest.mark.parametrize(
    "packed", [b"no archive", archive("other")], ids=["no archive", "another program"]
)
def test_an_archive_without_the_program_is_told(web, source, packed):
    web.files[f"/1.0/tool-{MACHINE}.tar.gz"] = packed

    with pytest.raises(DownloadFailed, match="cannot be unpacked"):
        downloads.get(source(".tar.gz", **{f"1.0-{MACHINE}": sha256(packed)}), "1.0", print)


def test_an_address_that_nobody_reaches_is_told_with_another_way(source, web):
    wanted = source(**{f"1.0-{MACHINE}": sha256(PROGRAM)})
    web.server.shutdown()
    web.server.server_close()

    with pytest.raises(DownloadFailed) as told:
        downloads.get(wanted, "1.0", print)

    assert "Connection refused" in str(told.value)
    assert "Hint: give a program of your own by --kind-bin=PATH" in str(told.value)


def test_the_sources_of_this_project_name_every_place():
    for source in downloads.SOURCES.values():
        url = source.url.format(version="1.2.3", system="linux", architecture="arm64")

        assert url.startswith("https://")
        assert "1.2.3" in url
        assert "{" not in url


def test_the_kind_that_is_got_by_default_is_pinned():
    kind = downloads.SOURCES["kind"]

    assert {f"{kind.version}-linux-amd64", f"{kind.version}-linux-arm64"} <= kind.sha256.keys()
