"""Basic auth: which paths a rule covers, however they are written."""

import pytest

from bookinfo.routes import ECHO_HOST
from suites.basic_auth.configurations import rule

pytestmark = pytest.mark.contract("basic-auth")


RULES = {
    "basic_auth_rules": [
        rule(prefix="/productpage"),
        rule(prefix=None, exact="/exact"),
        rule(prefix=None, exact="/deep/exact.html"),
        rule(prefix=None, suffix="/secret"),
        rule(prefix=None, suffix=".key"),
    ]
}


@pytest.fixture(scope="module", autouse=True)
def protected(protect, wasm_filter):
    with protect(wasm_filter, RULES):
        yield


@pytest.fixture
def answer(gateway, bookinfo):
    """What becomes of a GET without credentials: its status, and whether it was let through.

    On this host every path leads to the application, so what slips past a rule reaches it.
    """

    def ask(path):
        with bookinfo.watching() as reached:
            status = gateway.send("GET", path, host=ECHO_HOST).status
        return status, bool(reached.received)

    return ask


DENIED, PASSED = (401, False), (200, True)


@pytest.mark.requirement("AUTH-34")
@pytest.mark.parametrize(
    "path",
    [
        "/productpage",
        "/productpage/",
        "/productpage/below",
        "/productpagex",
        "/productpage?u=normal",
        "/productpage?",
        "/productpage?/../login",
        "/productpage/%20",
        "/productpage;v=1",
    ],
)
def test_a_prefix_covers_what_begins_with_it(answer, path):
    assert answer(path) == DENIED


@pytest.mark.requirement("AUTH-33")
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/product",
        "/productpag",
        "/x/productpage",
        "/xproductpage",
        "/?/productpage",
        "/other?path=/productpage",
        "/productpag%20e",
    ],
)
def test_a_prefix_covers_nothing_else(answer, path):
    assert answer(path) == PASSED


@pytest.mark.requirement("AUTH-35")
@pytest.mark.parametrize("path", ["/exact", "/deep/exact.html"])
def test_an_exact_path_covers_itself(answer, path):
    assert answer(path) == DENIED


@pytest.mark.requirement("AUTH-35")
@pytest.mark.parametrize(
    "path",
    ["/exac", "/exactly", "/exact/below", "/x/exact", "/other?/exact", "/deep", "/deep/exact"],
)
def test_an_exact_path_covers_nothing_else(answer, path):
    assert answer(path) == PASSED


@pytest.mark.requirement("AUTH-36")
@pytest.mark.parametrize(
    "path", ["/secret", "/x/secret", "/a/b/c/secret", "/my.key", "/.key", "/secret/my.key"]
)
def test_a_suffix_covers_what_ends_with_it(answer, path):
    assert answer(path) == DENIED


@pytest.mark.requirement("AUTH-36")
@pytest.mark.parametrize(
    "path", ["/secretly", "/topsecret", "/secret/below", "/key", "/my.key2", "/my.keys/x", "/mykey"]
)
def test_a_suffix_covers_nothing_else(answer, path):
    assert answer(path) == PASSED


@pytest.mark.requirement("AUTH-37")
@pytest.mark.parametrize(
    "path",
    [
        "/exact?x=1",
        "/exact?",
        "/exact/",
        "/exact/?x=1",
        "/exact;v=1",
        "/deep/exact.html?print",
        "/x/secret?x=1",
        "/x/secret?",
        "/x/secret/",
        "/x/secret;v=1",
        "/my.key?download",
    ],
)
def test_nothing_behind_the_path_opens_it(answer, path):
    assert answer(path) == DENIED


@pytest.mark.requirement("AUTH-37")
@pytest.mark.parametrize("path", ["/other?x=/secret", "/?next=my.key"])
def test_no_query_closes_an_open_path(answer, path):
    assert answer(path) == PASSED


@pytest.mark.requirement("AUTH-38")
@pytest.mark.parametrize(
    "path",
    [
        "//productpage",
        "///productpage",
        "/./productpage",
        "/.//productpage",
        "/x/../productpage",
        "/x/y/../../productpage",
        "/../productpage",
        "/%70roductpage",
        "/product%70age",
        "/%2570roductpage",
        "/%2fproductpage",
        "/%2Fproductpage",
        "/%252fproductpage",
        "/%5cproductpage",
        "/\\productpage",
        "/.%2fproductpage",
        "/%2e/productpage",
        "/x/%2e%2e/productpage",
        "/x/.%2E/productpage",
        "/x/..%2fproductpage",
        "/x%2f..%2fproductpage",
        "/x/..;/productpage",
        "/;v=1/productpage",
        "/.;/productpage",
        "/%c0%afproductpage",
        "//exact",
        "/x/../exact",
        "/%65xact",
        "/exact/.",
        "/exact%2f",
        "/exact%3fx=1",
        "/exact/x/..",
        "//exact//",
        "/x/%73ecret",
        "/x%2fsecret",
        "/x/secret%2f",
        "/x//secret/",
        "/my%2ekey",
        f"http://{ECHO_HOST}/productpage",
        f"http://{ECHO_HOST}//productpage",
    ],
)
def test_no_disguise_opens_a_covered_path(answer, path):
    assert answer(path) == DENIED


@pytest.mark.requirement("AUTH-39")
@pytest.mark.parametrize(
    "path",
    [
        "/PRODUCTPAGE",
        "/productPage",
        "/EXACT",
        "/Exact?x",
        "/x/SECRET",
        "/MY.KEY",
        "/%50RODUCTPAGE",
        "//PRODUCTPAGE",
        "/%2550RODUCTPAGE",
        "/EXACT/",
        "/x/SECRET?x",
        "/x/Secret;v=1",
    ],
)
def test_no_letter_case_opens_a_covered_path(answer, path):
    assert answer(path) == DENIED
