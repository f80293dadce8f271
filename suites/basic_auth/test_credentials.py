"""Basic auth: which credentials open a route, and in which form they must come."""

import base64
from contextlib import contextmanager

import pytest

from suites.basic_auth.configurations import protecting

pytestmark = pytest.mark.contract("basic-auth")

PLAIN = {
    "colons in the password": ("colon", "a:b::c:"),
    "blanks": ("two words", " three  more words "),
    "quotes": ('"quoted"', 'it\'s \\ "fine"'),
    "other scripts": ("jürgen", "пароль-密码-✓"),
    "one letter": ("a", "b"),
    "five hundred letters": ("long", "x" * 500),
    "looks like base64": ("YWJj", "ZGVm=="),
    "looks like JSON": ("{}", '["x"]'),
}
ENCODED = {
    "base64": ("admin3", "admin3"),
    "base64 with colons": ("encoded", "a:b:c"),
    "base64 with other scripts": ("größe", "ключ"),
    "base64 with one pad": ("pad", "one1"),
    "base64 with no pad": ("pads", "none"),
}


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


RULES = protecting(request_methods=["GET", "POST"], credentials=["ok:test", "admin:root"])


@pytest.fixture(scope="module", autouse=True)
def protected(protect, wasm_filter):
    with protect(wasm_filter, RULES) as deployment:
        yield deployment


@pytest.fixture
def listing(protected):
    """A context manager: the covered path takes these credentials and no others."""

    @contextmanager
    def listed(*credentials):
        with protected.changed(protecting(credentials=list(credentials))) as delivery:
            assert delivery.refusals == ()
            yield

    return listed


@pytest.fixture
def status(gateway):
    """The status of the covered path for a whole Authorization value, or a pair."""
    return lambda authorization: gateway.send("GET", "/productpage", auth=authorization).status


@pytest.mark.requirement("AUTH-8")
@pytest.mark.parametrize("credentials", [("ok", "test"), ("admin", "root")], ids=":".join)
def test_any_of_the_credentials_opens_the_route(status, credentials):
    assert status(credentials) == 200


@pytest.mark.requirement("AUTH-7")
@pytest.mark.parametrize("credentials", PLAIN.values(), ids=PLAIN)
def test_unusual_credentials_open_the_route(listing, status, credentials):
    with listing(":".join(credentials)):
        assert status(credentials) == 200
        assert status(("ok", "test")) == 401


@pytest.mark.requirement("AUTH-6")
@pytest.mark.parametrize("credentials", ENCODED.values(), ids=ENCODED)
def test_credentials_listed_as_base64_open_the_route(listing, status, credentials):
    with listing("ok:test", b64(":".join(credentials))):
        assert status(credentials) == 200
        assert status(("ok", "test")) == 200


CLOSE = {
    "another password": ("ok", "test2"),
    "another user": ("ko", "test"),
    "password cut short": ("ok", "tes"),
    "password with a letter more": ("ok", "testt"),
    "password in capitals": ("ok", "TEST"),
    "user in capitals": ("OK", "test"),
    "user and password exchanged": ("test", "ok"),
    "no password": ("ok", ""),
    "no user": ("", "test"),
    "neither": ("", ""),
    "a blank after the password": ("ok", "test "),
    "a blank before the password": ("ok", " test"),
    "a blank before the user": (" ok", "test"),
    "a line end after the password": ("ok", "test\n"),
    "a null byte after the password": ("ok", "test\0"),
    "a colon more": ("ok", ":test"),
    "a colon at the end": ("ok", "test:"),
    "the password twice": ("ok", "test:test"),
    "password of another user": ("ok", "root"),
    "user with the colon": ("ok:test", ""),
    "password after a null byte": ("ok", "\0test"),
}


@pytest.mark.requirement("AUTH-3")
@pytest.mark.parametrize("credentials", CLOSE.values(), ids=CLOSE)
def test_credentials_that_are_merely_close_do_not(status, credentials):
    assert status(credentials) == 401


#: What is wrong -> what is listed, what is sent.
CLOSE_TO = {
    "half of a password with a colon": ("ok:a:b", ("ok", "a")),
    "the other half of it": ("ok:a:b", ("ok", "b")),
    "its colon in another place": ("ok:a:b", ("ok:a:b", "")),
    "a letter without its accent": ("jürgen:test", ("jurgen", "test")),
    "a letter in two parts": ("jürgen:test", ("ju\u0308rgen", "test")),
    "a letter in capitals": ("ok:größe", ("ok", "GRÖSSE")),
    "a long password without its end": (f"ok:{'x' * 500}", ("ok", "x" * 499)),
    "a long password with another end": (f"ok:{'x' * 500}", ("ok", "x" * 499 + "y")),
    "a long password with another beginning": (f"ok:{'x' * 500}", ("ok", "y" + "x" * 499)),
    "letters in another encoding": ("ok:größe", f"Basic {b64('ok:größe'.encode('latin-1'))}"),
    "the base64 as a password": (b64("ok:test"), ("ok", b64("test"))),
}


@pytest.mark.requirement("AUTH-3")
@pytest.mark.parametrize(("listed", "sent"), CLOSE_TO.values(), ids=CLOSE_TO)
def test_nor_do_those_that_are_close_to_unusual_ones(listing, status, listed, sent):
    with listing(listed):
        assert status(sent) == 401
