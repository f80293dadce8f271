"""Headers: what the filter sets reaches every client, on every route."""

import pytest

from bookinfo.routes import ECHO_HOST, METHODS, PREFIXES

pytestmark = pytest.mark.contract("headers")

#: Routes whose answer is the same for the same request; the others tell what they were asked.
PAGES = ("/productpage", "/static/style.css")

#: Paths that lead nowhere, so that the gateway answers itself.
UNKNOWN = ("/", "/nothing", "/productpage/", "/api", "/%2e%2e/x")


@pytest.fixture(scope="module")
def before(gateway):
    """The replies of every route without the filter."""
    return {path: gateway.send("GET", path) for path in (*PREFIXES, *UNKNOWN)}


@pytest.fixture(scope="module", autouse=True)
def filtered(before, change, wasm_filter):
    with change(wasm_filter, {"replace": {"hello": "world"}}):
        yield


@pytest.mark.requirement("HDR-1")
@pytest.mark.parametrize("path", PREFIXES)
@pytest.mark.parametrize("method", METHODS)
def test_a_response_carries_the_header(gateway, method, path):
    reply = gateway.send(method, path)

    assert reply.status == 200
    assert reply.values("hello") == ("world",)


@pytest.mark.requirement("HDR-1")
@pytest.mark.parametrize("path", ["/", "/a/deep/path", "/productpage?u=normal", "/%20"])
def test_a_response_of_another_host_carries_the_header(gateway, path):
    reply = gateway.send("GET", path, host=ECHO_HOST)

    assert reply.status == 200
    assert reply.values("hello") == ("world",)


@pytest.mark.requirement("HDR-1")
@pytest.mark.parametrize("path", PREFIXES)
def test_a_response_without_the_filter_does_not_carry_it(before, path):
    assert before[path].status == 200
    assert before[path].values("hello") == ()


@pytest.mark.requirement("HDR-2")
@pytest.mark.parametrize("method", METHODS)
def test_a_404_of_the_gateway_carries_the_header(gateway, method):
    reply = gateway.send(method, "/nothing")

    assert reply.status == 404
    assert reply.values("hello") == ("world",)


@pytest.mark.requirement("HDR-2")
@pytest.mark.parametrize("path", UNKNOWN)
def test_a_404_keeps_status_and_body(gateway, before, path):
    reply = gateway.send("GET", path)

    assert (reply.status, reply.body) == (before[path].status, before[path].body)
    assert reply.values("hello") == ("world",)


@pytest.mark.requirement("HDR-9")
@pytest.mark.parametrize("path", PAGES)
def test_the_rest_of_the_response_stays(gateway, before, path):
    reply = gateway.send("GET", path)

    assert (reply.status, reply.body) == (before[path].status, before[path].body)
    assert lasting(reply) == lasting(before[path])


@pytest.mark.requirement("HDR-9")
@pytest.mark.parametrize("path", PAGES)
def test_a_response_to_head_has_the_headers_of_get_and_no_body(gateway, before, path):
    reply = gateway.send("HEAD", path)

    assert reply.body == b""
    assert reply.values("content-length") == before[path].values("content-length")
    assert reply.values("content-type") == before[path].values("content-type")


@pytest.mark.requirement("HDR-10")
@pytest.mark.parametrize("method", METHODS)
def test_the_request_stays(gateway, bookinfo, method):
    with bookinfo.watching() as reached:
        gateway.send(method, "/productpage?u=normal", headers=[("hello", "from the client")])

    (request,) = reached.received
    assert (request.method, request.path) == (method, "/productpage?u=normal")
    assert request.values("hello") == ("from the client",)


@pytest.mark.requirement("HDR-10")
@pytest.mark.parametrize("size", [1, 70_000], ids=["one byte", "70 kB"])
def test_the_body_of_the_request_stays(gateway, bookinfo, size):
    with bookinfo.watching() as reached:
        reply = gateway.send("POST", "/login", body=b"x" * size)

    assert reply.status == 200
    assert [request.body for request in reached.received] == [b"x" * size]


def lasting(reply):
    """The headers of a reply that are the same for the same request, our own aside."""
    passing = {"hello", "date", "x-envoy-upstream-service-time"}
    return sorted((name, value) for name, value in reply.headers if name not in passing)
