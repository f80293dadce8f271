"""Basic auth: in which form credentials must come, and that nothing else gives them."""

import base64

import pytest

from suites.basic_auth.configurations import protecting

pytestmark = pytest.mark.contract("basic-auth")


def b64(text):
    return base64.b64encode(text.encode()).decode()


OK = b64("ok:test")
RIGHT, WRONG = f"Basic {OK}", f"Basic {b64('ok:wrong')}"
MALFORMED = {
    "empty": "",
    "the scheme alone": "Basic",
    "credentials without a scheme": OK,
    "no blank after the scheme": f"Basic{OK}",
    "a tab after the scheme": f"Basic\t{OK}",
    "two blanks after the scheme": f"Basic  {OK}",
    "a colon after the scheme": f"Basic: {OK}",
    "credentials not encoded": "Basic ok:test",
    "credentials encoded twice": f"Basic {b64(OK)}",
    "no colon": f"Basic {b64('ok')}",
    "nothing encoded": "Basic =",
    "padding missing": f"Basic {OK.rstrip('=')}",
    "half of the padding": f"Basic {OK[:-1]}",
    "too much padding": f"Basic {OK}=",
    "padding in the middle": f"Basic {OK[:4]}={OK[4:]}",
    "spare bits set": "Basic b2s6dGVzdB==",
    "a blank inside": f"Basic {OK[:4]} {OK[4:]}",
    "a letter outside base64": f"Basic {OK[:4]}*{OK[5:]}",
    "escapes": "Basic %62%32%73%36",
    "quoted": f'Basic "{OK}"',
    "in angle brackets": f"Basic <{OK}>",
    "another scheme": f"Bearer {OK}",
    "another scheme first": f"Negotiate x, Basic {OK}",
    "another scheme behind": f"Basic {OK}, Bearer abc",
    "wrong and right": f"Basic {b64('ok:wrong')}, Basic {OK}",
    "right and wrong": f"Basic {OK},Basic {b64('ok:wrong')}",
    "right and something more": f"Basic {OK} x",
    "the scheme's name longer": f"Basics {OK}",
    "the scheme's name shorter": f"Basi {OK}",
    "Digest": 'Digest username="ok", realm="istio", response="test"',
    "very long": "Basic " + "A" * 8000,
    "letters of no header": f"Bäsic {OK}",
}


@pytest.fixture(scope="module", autouse=True)
def protected(protect, wasm_filter):
    with protect(wasm_filter, protecting(request_methods=["GET", "POST"])):
        yield


@pytest.mark.requirement("AUTH-4")
@pytest.mark.parametrize("authorization", MALFORMED.values(), ids=MALFORMED)
def test_an_authorization_in_another_form_does_not(gateway, bookinfo, authorization):
    with bookinfo.watching() as reached:
        reply = gateway.send("GET", "/productpage", auth=authorization)

    assert reply.status == 401
    assert not reached.received


@pytest.mark.requirement("AUTH-9")
@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bASIC"])
def test_the_scheme_has_no_letter_case(gateway, scheme):
    right, wrong = RIGHT.replace("Basic", scheme), WRONG.replace("Basic", scheme)

    assert gateway.send("GET", "/productpage", auth=right).status == 200
    assert gateway.send("GET", "/productpage", auth=wrong).status == 401


SEVERAL = {
    "right, wrong": (RIGHT, WRONG),
    "wrong, right": (WRONG, RIGHT),
    "right, right": (RIGHT, RIGHT),
    "right, bearer": (RIGHT, "Bearer abc"),
    "bearer, right": ("Bearer abc", RIGHT),
}


@pytest.mark.requirement("AUTH-10")
@pytest.mark.parametrize("values", SEVERAL.values(), ids=SEVERAL)
def test_several_authorization_headers_do_not(gateway, bookinfo, values):
    with bookinfo.watching() as reached:
        reply = gateway.send(
            "GET", "/productpage", headers=[("authorization", value) for value in values]
        )

    assert reply.status == 401
    assert not reached.received


PRETENDERS = {
    "another method": ("x-http-method-override", "PUT"),
    "another method, shorter": ("x-method-override", "PUT"),
    "another path": ("x-original-url", "/login"),
    "another path, longer": ("x-rewrite-url", "/login"),
    "another path of Envoy's": ("x-envoy-original-path", "/login"),
    "another host": ("x-forwarded-host", "open.example"),
    "a trusted address": ("x-forwarded-for", "127.0.0.1"),
    "credentials for a proxy": ("proxy-authorization", RIGHT),
    "credentials in a cookie": ("cookie", f"authorization={RIGHT}"),
    "credentials under another name": ("x-authorization", RIGHT),
    "a user already known": ("x-forwarded-user", "ok"),
}


@pytest.mark.requirement("AUTH-5")
@pytest.mark.parametrize("header", PRETENDERS.values(), ids=PRETENDERS)
def test_no_other_header_opens_the_route(gateway, header):
    assert gateway.send("GET", "/productpage", headers=[header]).status == 401


@pytest.mark.requirement("AUTH-5")
@pytest.mark.parametrize(
    "query", [f"authorization=Basic+{OK}", "user=ok&password=test", "_method=PUT"]
)
def test_no_query_opens_the_route(gateway, query):
    assert gateway.send("GET", f"/productpage?{query}").status == 401


@pytest.mark.requirement("AUTH-5")
def test_no_credentials_in_a_body_open_the_route(gateway):
    form = [("content-type", "application/x-www-form-urlencoded")]
    body = b"username=ok&password=test"

    assert gateway.send("POST", "/productpage", headers=form, body=body).status == 401
