"""Headers: what add, replace and remove make of what the application sent."""

import pytest

from bookinfo.routes import PREFIXES

pytestmark = pytest.mark.contract("headers")

COOKIES = ["a=1; Path=/", "b=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT"]

CONFIGURATION = {
    "remove": ["x-gone", "X-Gone-Too", "x-all"],
    "replace": {"x-one": "ours", "X-Title": "ours", "x-both": "base", "x-all": "base"},
    "add": {
        "x-many": "ours",
        "X-Marks": "ours",
        "x-list": ["first", "second", "third"],
        "set-cookie": COOKIES,
        "x-both": "more",
        "x-all": "more",
        "x-empty": "",
    },
}


@pytest.fixture(scope="module", autouse=True)
def filtered(change, wasm_filter):
    with change(wasm_filter, CONFIGURATION):
        yield


@pytest.fixture
def answered(gateway):
    """Ask for the product page with these headers in the application's answer."""

    def ask(*lines, method="GET", path="/productpage"):
        reply = gateway.send(method, path, headers=[("x-echo-header", line) for line in lines])
        assert reply.status == 200
        return reply

    return ask


SENT = {
    "sent never": (),
    "sent once": ("theirs",),
    "sent twice": ("theirs", "theirs too"),
    "sent empty": ("",),
    "sent the same": ("ours",),
}


@pytest.mark.requirement("HDR-3")
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_add_keeps_what_was_sent(answered, sent):
    reply = answered(*[f"x-many:{value}" for value in sent])

    assert reply.values("x-many") == (*sent, "ours")


@pytest.mark.requirement("HDR-4")
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_replace_leaves_one_line(answered, sent):
    reply = answered(*[f"x-one:{value}" for value in sent])

    assert reply.values("x-one") == ("ours",)


@pytest.mark.requirement("HDR-5")
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_remove_leaves_no_line(answered, sent):
    reply = answered(*[f"x-gone:{value}" for value in sent])

    assert reply.values("x-gone") == ()


@pytest.mark.requirement("HDR-3", "HDR-4", "HDR-5")
@pytest.mark.parametrize("path", PREFIXES)
def test_every_route_is_changed_alike(answered, path):
    reply = answered("x-many: theirs", "x-one: theirs", "x-gone: theirs", path=path)

    assert reply.values("x-many") == ("theirs", "ours")
    assert reply.values("x-one") == ("ours",)
    assert reply.values("x-gone") == ()


@pytest.mark.requirement("HDR-6")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_several_values_stay_several_lines(answered, method):
    assert answered(method=method).values("x-list") == ("first", "second", "third")


@pytest.mark.requirement("HDR-6")
def test_several_values_follow_what_was_sent(answered):
    reply = answered("x-list: theirs", "x-list: theirs too")

    assert reply.values("x-list") == ("theirs", "theirs too", "first", "second", "third")


@pytest.mark.requirement("HDR-6")
def test_cookies_are_never_joined(answered):
    reply = answered("set-cookie: c=3")

    assert reply.values("set-cookie") == ("c=3", *COOKIES)


@pytest.mark.requirement("HDR-7")
@pytest.mark.parametrize("sent", ["x-marks", "X-Marks", "X-MARKS"])
def test_add_knows_a_name_in_any_case(answered, sent):
    assert answered(f"{sent}: theirs").values("x-marks") == ("theirs", "ours")


@pytest.mark.requirement("HDR-7")
@pytest.mark.parametrize("sent", ["x-title", "X-Title", "X-TITLE"])
def test_replace_knows_a_name_in_any_case(answered, sent):
    assert answered(f"{sent}: theirs").values("x-title") == ("ours",)


@pytest.mark.requirement("HDR-7")
@pytest.mark.parametrize("sent", ["x-gone-too", "X-Gone-Too", "X-GONE-TOO"])
def test_remove_knows_a_name_in_any_case(answered, sent):
    assert answered(f"{sent}: theirs").values("x-gone-too") == ()


@pytest.mark.requirement("HDR-9")
@pytest.mark.parametrize(
    "line",
    [
        "x-one-more: theirs",
        "x-on: theirs",
        "x-gone-2: theirs",
        "x-gon: theirs",
        "ours: x-one",
        "x-manyx: theirs",
        "cache-control: no-store",
        "vary: a, b",
    ],
)
def test_a_header_of_another_name_stays(answered, line):
    name, _, value = line.partition(": ")

    assert answered(line).values(name) == (value,)


@pytest.mark.requirement("HDR-11")
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_add_comes_after_replace(answered, sent):
    reply = answered(*[f"x-both:{value}" for value in sent])

    assert reply.values("x-both") == ("base", "more")


@pytest.mark.requirement("HDR-11")
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_remove_comes_first(answered, sent):
    reply = answered(*[f"x-all:{value}" for value in sent])

    assert reply.values("x-all") == ("base", "more")


@pytest.mark.requirement("HDR-2")
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x-one", ("ours",)),
        ("x-many", ("ours",)),
        ("x-list", ("first", "second", "third")),
        ("x-both", ("base", "more")),
        ("x-empty", ("",)),
    ],
)
def test_a_404_of_the_gateway_is_changed_alike(gateway, name, values):
    reply = gateway.send("GET", "/nothing")

    assert reply.status == 404
    assert reply.values(name) == values
