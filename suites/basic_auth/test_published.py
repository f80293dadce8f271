"""Basic auth: the published rules, one prefix with two methods and two credentials."""

import pytest

from bookinfo.routes import METHODS, PREFIXES
from suites.basic_auth.configurations import PUBLISHED

pytestmark = pytest.mark.contract("basic-auth")

COVERED, *OTHER_PATHS = PREFIXES
LISTED = ("GET", "POST")
OTHER_METHODS = tuple(method for method in METHODS if method not in (*LISTED, "HEAD"))

RIGHT = {"plain": ("ok", "test"), "base64": ("admin3", "admin3")}
ANY = {"none": None, "wrong": ("ok", "wrong"), "right": ("ok", "test"), "bearer": "Bearer abc"}


@pytest.fixture(scope="module")
def before(gateway):
    """The replies of the covered path without the filter."""
    return {method: gateway.send(method, COVERED) for method in METHODS}


@pytest.fixture(scope="module", autouse=True)
def protected(before, protect, wasm_filter):
    with protect(wasm_filter, PUBLISHED):
        yield


@pytest.mark.requirement("AUTH-1", "AUTH-23")
@pytest.mark.parametrize("method", LISTED)
def test_no_credentials_are_answered_by_401(gateway, bookinfo, method):
    with bookinfo.watching() as reached:
        reply = gateway.send(method, COVERED)

    assert reply.status == 401
    assert not reached.received


@pytest.mark.requirement("AUTH-1")
@pytest.mark.parametrize("method", LISTED)
def test_the_same_request_is_answered_by_200_without_the_filter(before, method):
    assert before[method].status == 200


@pytest.mark.requirement("AUTH-2", "AUTH-6")
@pytest.mark.parametrize("credentials", RIGHT.values(), ids=RIGHT)
@pytest.mark.parametrize("method", LISTED)
def test_right_credentials_reach_the_application(gateway, bookinfo, before, method, credentials):
    with bookinfo.watching() as reached:
        reply = gateway.send(method, COVERED, auth=credentials)

    assert (reply.status, reply.body) == (200, before[method].body)
    assert reply.values("www-authenticate") == ()
    assert [(request.method, request.path) for request in reached.received] == [(method, COVERED)]


@pytest.mark.requirement("AUTH-3", "AUTH-23")
@pytest.mark.parametrize("method", LISTED)
def test_wrong_credentials_are_answered_by_401(gateway, bookinfo, method):
    with bookinfo.watching() as reached:
        reply = gateway.send(method, COVERED, auth=("ok", "wrong"))

    assert reply.status == 401
    assert not reached.received


@pytest.mark.requirement("AUTH-6")
def test_the_configured_base64_is_no_user_name(gateway):
    assert gateway.send("GET", COVERED, auth=("YWRtaW4zOmFkbWluMw==", "")).status == 401


@pytest.mark.requirement("AUTH-30")
@pytest.mark.parametrize("credentials", ANY.values(), ids=ANY)
@pytest.mark.parametrize("method", OTHER_METHODS)
def test_a_method_that_is_not_listed_passes(gateway, bookinfo, method, credentials):
    with bookinfo.watching() as reached:
        reply = gateway.send(method, COVERED, auth=credentials)

    assert reply.status == 200
    assert [request.method for request in reached.received] == [method]


@pytest.mark.requirement("AUTH-31")
@pytest.mark.parametrize("credentials", [None, ("ok", "wrong")], ids=["none", "wrong"])
def test_head_is_covered_where_get_is(gateway, bookinfo, credentials):
    with bookinfo.watching() as reached:
        reply = gateway.send("HEAD", COVERED, auth=credentials)

    assert reply.status == 401
    assert not reached.received


@pytest.mark.requirement("AUTH-2")
@pytest.mark.parametrize("credentials", RIGHT.values(), ids=RIGHT)
def test_head_with_right_credentials_reaches_the_application(gateway, credentials):
    reply = gateway.send("HEAD", COVERED, auth=credentials)

    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.requirement("AUTH-33")
@pytest.mark.parametrize("credentials", ANY.values(), ids=ANY)
@pytest.mark.parametrize("path", OTHER_PATHS)
@pytest.mark.parametrize("method", [*LISTED, "HEAD", "DELETE"])
def test_a_path_that_no_rule_covers_passes(gateway, bookinfo, method, path, credentials):
    with bookinfo.watching() as reached:
        reply = gateway.send(method, path, auth=credentials)

    assert reply.status == 200
    assert [(request.method, request.path) for request in reached.received] == [(method, path)]


@pytest.mark.requirement("AUTH-33")
@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_a_path_that_leads_nowhere_is_still_a_404(gateway, path):
    assert gateway.send("GET", path).status == 404
