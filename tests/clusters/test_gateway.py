import shlex
import socket

import pytest

from bookinfo.app import Application
from clusters.gateway import Gateway, Reply, Request, Unanswered, basic


@pytest.fixture
def application():
    running = Application()
    yield running
    running.close()


@pytest.fixture
def gateway(application):
    made = Gateway(f"http://127.0.0.1:{application.port}")
    yield made
    made.close()


RAW_PATHS = ["/a/../b", "//productpage", "/%2e%2e/x", "/a%2Fb?x=1&&y", "/productpage;v=1"]


@pytest.mark.parametrize("path", RAW_PATHS)
def test_a_path_reaches_the_wire_as_written(application, gateway, path):
    with application.watching() as reached:
        gateway.send("GET", path)

    assert [one.path for one in reached.received] == [path]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "FOO", "OPTIONS"])
def test_a_method_reaches_the_application(application, gateway, method):
    with application.watching() as reached:
        assert gateway.send(method, "/productpage").status == 200

    assert [one.method for one in reached.received] == [method]


def test_repeated_request_headers_stay_separate_and_in_order(application, gateway):
    with application.watching() as reached:
        gateway.send("GET", "/", headers=[("x-a", "1"), ("x-a", "2")])

    assert reached.received[0].values("x-a") == ("1", "2")


def test_credentials_become_an_authorization_header(application, gateway):
    with application.watching() as reached:
        gateway.send("GET", "/", auth=("ok", "test"))

    assert reached.received[0].values("authorization") == ("Basic b2s6dGVzdA==",)


def test_a_host_replaces_the_address(application, gateway):
    with application.watching() as reached:
        gateway.send("GET", "/", host="echo.test")

    assert reached.received[0].values("host") == ("echo.test",)


def test_a_body_arrives(application, gateway):
    with application.watching() as reached:
        gateway.send("POST", "/", body=b"\x00\xff")

    assert reached.received[0].body == b"\x00\xff"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_in_the_environment_diverts_nothing(application, monkeypatch, variable):
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    gateway = Gateway(f"http://127.0.0.1:{application.port}")

    assert gateway.send("GET", "/productpage").status == 200
    gateway.close()


def test_silence_is_an_error_with_the_command_to_repeat_it():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gateway = Gateway(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(Unanswered, match=r"no reply .* to: curl -i"):
            gateway.send("GET", "/x")
    gateway.close()


def test_the_reply_keeps_header_lines_apart_and_joins_them_on_request():
    reply = Reply(200, (("Set-Cookie", "a"), ("x", "1"), ("set-cookie", "b")), b"", "curl")

    assert reply.values("set-cookie") == ("a", "b")
    assert reply.header("SET-COOKIE") == "a, b"
    assert reply.header("absent") is None


CURLS = {
    "quotes": (
        Request("GET", "/a b'c"),
        "curl -i --path-as-is --max-time 10 -X GET " + shlex.quote("http://h/a b'c"),
    ),
    "head": (Request("HEAD", "/"), "curl -i --path-as-is --max-time 10 --head http://h/"),
    "empty header": (
        Request("GET", "/", (("x", ""),)),
        "curl -i --path-as-is --max-time 10 -X GET -H 'x;' http://h/",
    ),
    "body": (
        Request("POST", "/", (), b"a=1"),
        "curl -i --path-as-is --max-time 10 -X POST --data-binary a=1 http://h/",
    ),
}


@pytest.mark.parametrize("case", CURLS)
def test_the_curl_command_is_quoted(case):
    request, command = CURLS[case]

    assert request.curl("http://h") == command


def test_basic_credentials_are_utf8():
    assert basic("ü", "ñ") == "Basic w7w6w7E="
