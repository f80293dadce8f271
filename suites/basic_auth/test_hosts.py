"""Basic auth: which hosts a rule covers."""

import pytest

from suites.basic_auth.configurations import rule

pytestmark = pytest.mark.contract("basic-auth")

RULES = {
    "basic_auth_rules": [
        rule(prefix="/productpage"),
        rule(prefix="/login", hosts=["shop.example", "127.0.0.1", "[::1]"]),
        rule(prefix="/logout", hosts=["*.wild.example", "api.*"]),
        rule(prefix="/api/v1/products", hosts=["*"]),
    ]
}


@pytest.fixture(scope="module", autouse=True)
def protected(protect, wasm_filter):
    with protect(wasm_filter, RULES):
        yield


@pytest.fixture
def answer(gateway, bookinfo):
    """What becomes of a GET without credentials: its status, and whether it was let through."""

    def ask(path, host):
        with bookinfo.watching() as reached:
            status = gateway.send("GET", path, host=host).status
        return status, bool(reached.received)

    return ask


DENIED, PASSED = (401, False), (200, True)
HOSTS = {
    "AUTH-40": {
        ("/login", "shop.example"): DENIED,
        ("/login", "shop.example:8080"): DENIED,
        ("/login", "shop.example:80"): DENIED,
        ("/login", "127.0.0.1"): DENIED,
        ("/login", "127.0.0.1:8080"): DENIED,
        ("/login", "[::1]"): DENIED,
        ("/login", "[::1]:8080"): DENIED,
        ("/login", "other.example"): PASSED,
        ("/login", "myshop.example"): PASSED,
        ("/login", "shop.example.com"): PASSED,
        ("/login", "www.shop.example"): PASSED,
        ("/login", "127.0.0.11"): PASSED,
        ("/login", "[::11]"): PASSED,
        ("/logout", "a.wild.example"): DENIED,
        ("/logout", "a.b.wild.example"): DENIED,
        ("/logout", "a.wild.example:8080"): DENIED,
        ("/logout", "api.example"): DENIED,
        ("/logout", "api.a.b:8080"): DENIED,
        ("/logout", "wild.example"): PASSED,
        ("/logout", "awild.example"): PASSED,
        ("/logout", "a.wild.example.com"): PASSED,
        ("/logout", "api"): PASSED,
        ("/logout", "myapi.example"): PASSED,
        ("/api/v1/products", "shop.example"): DENIED,
        ("/api/v1/products", "any.thing:1"): DENIED,
        ("/productpage", "any.thing"): DENIED,
    },
    "AUTH-41": {
        ("/login", "SHOP.example"): DENIED,
        ("/login", "shop.example."): DENIED,
        ("/login", "shop.example.:8080"): DENIED,
        ("/login", "Shop.Example:8080"): DENIED,
        ("/logout", "A.WILD.EXAMPLE"): DENIED,
        ("/logout", "a.wild.example."): DENIED,
        ("/logout", "API.example"): DENIED,
    },
}


@pytest.mark.parametrize(
    ("path", "host", "becomes"),
    [
        pytest.param(
            path, host, becomes, id=host + path, marks=pytest.mark.requirement(requirement)
        )
        for requirement, table in HOSTS.items()
        for (path, host), becomes in table.items()
    ],
)
def test_a_rule_with_hosts_covers_those(answer, path, host, becomes):
    assert answer(path, host) == becomes


@pytest.mark.requirement("AUTH-41")
def test_a_user_in_front_of_the_host_opens_nothing(answer):
    status, let_through = answer("/login", "user@shop.example")

    assert not let_through
    assert status in (400, 401)
