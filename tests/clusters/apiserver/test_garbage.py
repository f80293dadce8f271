"""Clients that send garbage: each is told what is wrong, as a Status, and the server goes on."""

import json

import pytest

from clusters.local.apiserver.requests import LIMIT_BYTES
from tests.clusters.apiserver.conftest import envoy_filter

COLLECTION = "/apis/networking.istio.io/v1alpha3/namespaces/istio-system/envoyfilters"
OBJECT = f"{COLLECTION}/a"
GOOD = json.dumps(envoy_filter()).encode()
APPLY = "application/apply-patch+yaml"


def with_(**fields):
    return json.dumps(envoy_filter() | fields).encode()


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "code", "words"),
    [
        ("POST", COLLECTION, b"{", "application/json", 400, "couldn't read the body"),
        ("POST", COLLECTION, b"", "application/json", 400, "couldn't read the body"),
        ("POST", COLLECTION, b"\xff\xfe", "application/json", 400, "couldn't read the body"),
        ("POST", COLLECTION, b"[" * 100_000, "application/json", 400, "couldn't read the body"),
        ("POST", COLLECTION, b'{"a": NaN}', "application/json", 400, "NaN is no JSON"),
        ("POST", COLLECTION, b"[]", "application/json", 400, "is no object"),
        ("POST", COLLECTION, b"{}", "application/json", 400, "apiVersion in the data (None)"),
        ("POST", COLLECTION, with_(kind="Gateway"), "application/json", 400, "kind in the data"),
        ("POST", COLLECTION, with_(metadata=5), "application/json", 400, "has no metadata"),
        (
            "POST",
            COLLECTION,
            with_(metadata={}),
            "application/json",
            422,
            "generateName is required",
        ),
        ("POST", COLLECTION, with_(metadata={"name": "A_b"}), "application/json", 422, "'A_b'"),
        ("POST", COLLECTION, with_(metadata={"name": ["x"]}), "application/json", 422, "name"),
        (
            "POST",
            COLLECTION,
            with_(metadata={"name": "a", "namespace": "default"}),
            "application/json",
            400,
            "does not match the namespace",
        ),
        (
            "POST",
            COLLECTION,
            with_(metadata={"name": "a", "labels": {"x": 1}}),
            "application/json",
            400,
            "must map text to text",
        ),
        ("POST", COLLECTION, GOOD, "text/plain", 415, "unknown format"),
        ("POST", COLLECTION, GOOD, "application/vnd.kubernetes.protobuf", 415, "unknown format"),
        ("PUT", OBJECT, GOOD, "application/json", 404, "not found"),
        ("PUT", f"{COLLECTION}/b", GOOD, "application/json", 400, "does not match the name on"),
        ("PATCH", OBJECT, b"{}", "application/json", 415, "unknown format"),
        ("PATCH", OBJECT, b"{}", "application/strategic-merge-patch+json", 415, "unknown format"),
        ("PATCH", OBJECT, b"{}", "application/merge-patch+json", 404, "not found"),
        ("PATCH", f"{OBJECT}?fieldManager=x", b"a: [", APPLY, 400, "couldn't read the body"),
        ("PATCH", f"{OBJECT}?fieldManager=x", b"&a [*a]", APPLY, 400, ""),
        ("PATCH", f"{OBJECT}?fieldManager=x&force=maybe", GOOD, APPLY, 400, "true or false"),
        ("DELETE", OBJECT, b"", "application/json", 404, "not found"),
        ("DELETE", OBJECT, b"{", "application/json", 400, "couldn't read the body"),
        ("POST", OBJECT, GOOD, "application/json", 405, "does not allow this method"),
        ("PUT", COLLECTION, GOOD, "application/json", 405, "does not allow this method"),
        ("BREW", OBJECT, b"", "application/json", 405, "BREW is not allowed"),
        ("GET", "/", b"", "", 404, "could not find"),
        ("GET", "/api/v2", b"", "", 404, "could not find"),
        ("GET", "/apis//v1/x", b"", "", 404, "could not find"),
        ("GET", "/apis/networking.istio.io/v9/envoyfilters", b"", "", 404, "could not find"),
        ("GET", "/apis/networking.istio.io/v1alpha3/nothings", b"", "", 404, "could not find"),
        ("GET", f"{OBJECT}/scale", b"", "", 404, "could not find"),
        ("GET", f"{OBJECT}/status/more", b"", "", 404, "could not find"),
        ("GET", "/api/v1/namespaces/default/nodes", b"", "", 404, "could not find"),
        ("GET", f"{COLLECTION}?labelSelector=a%20b", b"", "", 400, "no label selector"),
        ("GET", f"{COLLECTION}?fieldSelector=a", b"", "", 400, "invalid field selector"),
        ("GET", f"{COLLECTION}?limit=-1", b"", "", 400, "whole number"),
        ("GET", f"{COLLECTION}?continue=x", b"", "", 400, "continue key is not valid"),
        ("GET", f"{COLLECTION}?continue=W10=", b"", "", 400, "continue key is not valid"),
        ("GET", f"{COLLECTION}?watch=true&resourceVersion=x", b"", "", 400, "whole number"),
        ("GET", f"{COLLECTION}?watch=true&resourceVersion=9999", b"", "", 504, "Too large"),
        ("GET", f"{COLLECTION}?watch=true&sendInitialEvents=true", b"", "", 422, "NotOlderThan"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(wire, method, path, body, kind, code, words):
    got, status = wire.ask(method, path, body, kind)

    assert (got, status["kind"], status["status"], status["code"]) == (
        code,
        "Status",
        "Failure",
        code,
    )
    assert words in status["message"]


@pytest.mark.parametrize(
    ("head", "body", "code", "words"),
    [
        ("Content-Length: x", b"", 400, "is no length"),
        ("Content-Length: -1", b"", 400, "is no length"),
        ("Content-Length: 1\r\nContent-Length: 2", b"ab", 400, "is no length"),
        (f"Content-Length: {LIMIT_BYTES + 1}", b"", 413, f"limit is {LIMIT_BYTES}"),
        ("Transfer-Encoding: gzip", b"", 400, "cannot be read"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 1", b"", 400, "cannot be read"),
        ("Transfer-Encoding: chunked", b"zz\r\n", 400, "begins with its size"),
        ("Transfer-Encoding: chunked", b"\r\n", 400, "begins with its size"),
        ("Transfer-Encoding: chunked", b"2\r\nabc\r\n", 400, "does not end"),
        ("Transfer-Encoding: chunked", b"ffffffff\r\n", 413, f"limit is {LIMIT_BYTES}"),
    ],
)
def test_a_body_that_cannot_be_told_apart_ends_the_connection(wire, head, body, code, words):
    wire.say(f"POST {COLLECTION} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + body)
    got, status = wire.answer()

    assert (got, status["code"]) == (code, code)
    assert words in status["message"]
    assert wire.ended()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /version HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
    ],
)
def test_what_is_no_http_is_refused(wire, sent, code):
    wire.say(sent)

    assert wire.answer()[0] == code


def test_a_chunked_body_is_read(wire):
    half = len(GOOD) // 2
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part) for part in (GOOD[:half], GOOD[half:], b"")
    )
    head = "Content-Type: application/json\r\nTransfer-Encoding: chunked"
    wire.say(f"POST {COLLECTION} HTTP/1.1\r\n{head}\r\n\r\n".encode() + chunks)

    assert wire.answer()[0] == 201


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        ("application/vnd.kubernetes.protobuf,application/json", 200),
        ("application/vnd.kubernetes.protobuf", 406),
        ("text/html", 406),
        ("", 200),
    ],
)
def test_only_json_is_spoken(wire, accept, code):
    assert wire.ask("GET", COLLECTION, accept=accept)[0] == code


def test_a_table_is_made_for_people(wire):
    wire.ask("POST", COLLECTION, GOOD)
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    _, table = wire.ask("GET", COLLECTION, accept=accept)

    assert table["kind"] == "Table"
    assert [row["cells"][0] for row in table["rows"]] == ["a"]


def test_the_server_goes_on_after_clients_that_vanish(connect):
    for sent in (b"", b"GET", b"POST /x HTTP/1.1\r\nContent-Length: 50\r\n\r\nhalf"):
        one = connect()
        one.say(sent)
        one.close()

    assert connect().ask("GET", "/version")[0] == 200


def test_head_has_no_body(wire):
    wire.say(f"HEAD {COLLECTION} HTTP/1.1\r\n\r\n".encode())
    code, headers = wire.head()

    assert (code, headers["content-type"]) == (200, "application/json")
    assert wire.ask("GET", "/version")[0] == 200
