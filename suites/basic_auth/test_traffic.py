"""Basic auth: what passes and what does not, beside the challenge."""

import pytest

from suites.basic_auth.configurations import PUBLISHED, rule

pytestmark = pytest.mark.contract("basic-auth")

RULES = [
    *PUBLISHED["basic_auth_rules"],
    rule(prefix="/login", request_methods=["HEAD", "OPTIONS"]),
]
DENIED = {
    "no credentials": None,
    "wrong credentials": ("ok", "wrong"),
    "another scheme": "Bearer abc",
    "no base64": "Basic ok:test",
}


@pytest.fixture(scope="module", autouse=True)
def protected(protect, wasm_filter):
    with protect(wasm_filter, {"basic_auth_rules": RULES}):
        yield


@pytest.mark.requirement("AUTH-24")
@pytest.mark.parametrize("credentials", DENIED.values(), ids=DENIED)
def test_a_denial_has_no_body(gateway, credentials):
    reply = gateway.send("GET", "/productpage", auth=credentials)

    assert reply.status == 401
    assert reply.body == b""
    assert reply.header("content-length") in (None, "0")


@pytest.mark.requirement("AUTH-24")
@pytest.mark.parametrize("credentials", DENIED.values(), ids=DENIED)
def test_a_denial_names_no_credential(gateway, credentials):
    reply = gateway.send("GET", "/productpage", auth=credentials)

    told = " ".join(value for pair in reply.headers for value in pair)
    assert reply.status == 401
    assert not [secret for secret in ("ok", "test", "b2s6", "admin3", "YWRt") if secret in told]


@pytest.mark.requirement("AUTH-23")
@pytest.mark.parametrize("size", [1, 1000, 1_000_000], ids=["1 B", "1 kB", "1 MB"])
def test_a_denied_body_never_reaches_the_application(gateway, bookinfo, size):
    with bookinfo.watching() as reached:
        reply = gateway.send("POST", "/productpage", body=b"x" * size)

    assert reply.status == 401
    assert not reached.received


@pytest.mark.requirement("AUTH-23")
def test_a_body_that_waits_for_permission_is_denied(gateway, bookinfo):
    with bookinfo.watching() as reached:
        reply = gateway.send(
            "POST", "/productpage", headers=[("expect", "100-continue")], body=b"x" * 1000
        )

    assert reply.status == 401
    assert not reached.received


@pytest.mark.requirement("AUTH-2")
@pytest.mark.parametrize("size", [1, 1000, 1_000_000], ids=["1 B", "1 kB", "1 MB"])
def test_a_body_with_credentials_reaches_the_application_whole(gateway, bookinfo, size):
    with bookinfo.watching() as reached:
        reply = gateway.send("POST", "/productpage", auth=("ok", "test"), body=b"x" * size)

    assert reply.status == 200
    assert [request.body for request in reached.received] == [b"x" * size]


CREDENTIALS = {"none": (None, 401), "wrong": (("ok", "wrong"), 401), "right": (("ok", "test"), 200)}


@pytest.mark.requirement("AUTH-25")
@pytest.mark.parametrize("then", CREDENTIALS)
@pytest.mark.parametrize("first", CREDENTIALS)
def test_a_request_is_judged_whatever_came_before_it(gateway, first, then):
    for name in (first, then, first, then):
        credentials, status = CREDENTIALS[name]
        assert gateway.send("GET", "/productpage", auth=credentials).status == status


@pytest.mark.requirement("AUTH-25")
@pytest.mark.parametrize("credentials", [None, ("ok", "test")], ids=["none", "right"])
def test_a_request_to_an_open_path_opens_no_other(gateway, credentials):
    assert gateway.send("GET", "/logout", auth=credentials).status == 200
    assert gateway.send("GET", "/productpage").status == 401


GRPC = [("content-type", "application/grpc"), ("te", "trailers")]


@pytest.mark.requirement("AUTH-23")
def test_a_denied_grpc_request_never_reaches_the_application(gateway, bookinfo):
    with bookinfo.watching() as reached:
        reply = gateway.send("POST", "/productpage", headers=GRPC)

    assert not reached.received
    assert reply.header("grpc-status") != "0"


@pytest.mark.requirement("AUTH-26")
@pytest.mark.parametrize("credentials", DENIED.values(), ids=DENIED)
def test_a_denied_grpc_request_learns_that_it_is_unauthenticated(gateway, credentials):
    reply = gateway.send("POST", "/productpage", headers=GRPC, auth=credentials)

    assert reply.header("grpc-status") == "16"


PREFLIGHT = [
    ("origin", "https://shop.example"),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization"),
]


@pytest.mark.requirement("AUTH-32")
def test_a_preflight_passes_where_no_rule_lists_options(gateway, bookinfo):
    with bookinfo.watching() as reached:
        reply = gateway.send("OPTIONS", "/productpage", headers=PREFLIGHT)

    assert reply.status == 200
    assert len(reached.received) == 1


@pytest.mark.requirement("AUTH-32")
def test_a_preflight_is_challenged_where_a_rule_lists_options(gateway, bookinfo):
    with bookinfo.watching() as reached:
        reply = gateway.send("OPTIONS", "/login", headers=PREFLIGHT)

    assert reply.status == 401
    assert not reached.received


@pytest.mark.requirement("AUTH-60")
@pytest.mark.parametrize("credentials", ["Basic b2s6dGVzdA==", "Basic YWRtaW4zOmFkbWluMw=="])
def test_the_application_receives_the_credentials(gateway, bookinfo, credentials):
    with bookinfo.watching() as reached:
        gateway.send("GET", "/productpage", auth=credentials)

    (request,) = reached.received
    assert request.values("authorization") == (credentials,)


@pytest.mark.requirement("AUTH-33")
@pytest.mark.parametrize("value", ["Bearer abc", "Basic b2s6d3Jvbmc=", "anything"])
def test_an_open_path_receives_any_authorization_as_sent(gateway, bookinfo, value):
    with bookinfo.watching() as reached:
        gateway.send("GET", "/logout", auth=value)

    (request,) = reached.received
    assert request.values("authorization") == (value,)
