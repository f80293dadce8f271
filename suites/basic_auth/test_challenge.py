"""Basic auth: what a denial looks like to a client."""

import pytest

from suites.basic_auth.challenge import parse
from suites.basic_auth.configurations import PUBLISHED, rule

pytestmark = pytest.mark.contract("basic-auth")

RULES = [
    *PUBLISHED["basic_auth_rules"],
    rule(prefix="/login", request_methods=["HEAD", "OPTIONS"]),
]


@pytest.fixture(scope="module", autouse=True)
def protected(protect, wasm_filter):
    with protect(wasm_filter, PUBLISHED | {"basic_auth_rules": RULES}) as deployment:
        yield deployment


DENIED = {
    "no credentials": None,
    "wrong credentials": ("ok", "wrong"),
    "another scheme": "Bearer abc",
    "no base64": "Basic ok:test",
}


@pytest.mark.requirement("AUTH-20")
@pytest.mark.parametrize("credentials", DENIED.values(), ids=DENIED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_denial_carries_one_challenge(gateway, method, credentials):
    reply = gateway.send(method, "/productpage", auth=credentials)

    assert reply.status == 401
    (value,) = reply.values("www-authenticate")
    (challenge,) = parse(value)
    assert challenge.scheme == "Basic"
    assert challenge.parameter("realm")


@pytest.mark.requirement("AUTH-20")
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_a_denial_of_a_method_that_is_listed_carries_it_too(gateway, method):
    reply = gateway.send(method, "/login")

    assert reply.status == 401
    (value,) = reply.values("www-authenticate")
    (challenge,) = parse(value)
    assert challenge.scheme == "Basic"


@pytest.mark.requirement("AUTH-20")
@pytest.mark.parametrize(
    ("method", "path", "credentials"),
    [("GET", "/productpage", ("ok", "test")), ("GET", "/login", None), ("GET", "/nothing", None)],
)
def test_no_other_response_carries_one(gateway, method, path, credentials):
    reply = gateway.send(method, path, auth=credentials)

    assert reply.status != 401
    assert reply.values("www-authenticate") == ()


@pytest.mark.requirement("AUTH-21")
def test_the_realm_is_istio_if_none_is_configured(gateway):
    assert realm(gateway).value == "istio"


@pytest.mark.requirement("AUTH-22")
def test_the_realm_is_quoted(gateway):
    assert realm(gateway).quoted


@pytest.mark.requirement("AUTH-21")
def test_the_realm_is_the_configured_one(gateway, protected):
    with protected.changed(PUBLISHED | {"realm": "test"}):
        assert realm(gateway).value == "test"


@pytest.mark.requirement("AUTH-22")
@pytest.mark.parametrize(
    "name", ["My App", 'a "quoted" word', "back\\slash", "a, b=c", "x" * 200, "", "Größe"]
)
def test_any_realm_is_quoted(gateway, protected, name):
    with protected.changed(PUBLISHED | {"realm": name}):
        found = realm(gateway)

    assert found.quoted
    assert found.value.encode("latin-1") == name.encode()


def realm(gateway):
    """The realm that the product page asks credentials for."""
    (value,) = gateway.send("GET", "/productpage").values("www-authenticate")
    (challenge,) = parse(value)
    return challenge.parameter("realm")
