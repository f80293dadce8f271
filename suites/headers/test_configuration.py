"""Headers: a configuration that cannot work is refused, and the one before it keeps acting."""

import pytest

pytestmark = pytest.mark.contract("headers")

GOOD = '{"replace": {"hello": "world"}}'

BROKEN = {
    "no JSON": "hello: world",
    "JSON cut short": GOOD[:-1],
    "something after the JSON": GOOD + "}",
    "a comment": "// hello\n" + GOOD,
    "a trailing comma": GOOD[:-1] + ",}",
    "a list": f"[{GOOD}]",
    "a string": '"hello"',
    "null": "null",
    "white space": " \n",
}

MEANINGLESS = {
    "nothing": "",
    "no operation": "{}",
    "operations empty": '{"add": {}, "replace": {}, "remove": []}',
    "an unknown operation": '{"set": {"hello": "moon"}}',
    "an unknown operation beside a known": '{"replace": {"hello": "moon"}, "append": {"x": "y"}}',
    "an operation in capitals": '{"Replace": {"hello": "moon"}}',
    "an operation twice": '{"replace": {"hello": "moon"}, "replace": {"x": "y"}}',
    "replace a list": '{"replace": ["hello"]}',
    "replace null": '{"replace": null}',
    "replace a number": '{"replace": {"hello": 1}}',
    "replace true": '{"replace": {"hello": true}}',
    "replace a list of values": '{"replace": {"hello": ["moon", "sun"]}}',
    "add null": '{"add": {"hello": null}}',
    "add an object": '{"add": {"hello": {"moon": 1}}}',
    "add no values": '{"add": {"hello": []}}',
    "add a number among values": '{"add": {"hello": ["moon", 1]}}',
    "remove a string": '{"remove": "hello"}',
    "remove numbers": '{"remove": [1]}',
    "a name twice": '{"replace": {"hello": "moon", "hello": "sun"}}',
    "a name in two cases": '{"replace": {"hello": "moon", "Hello": "sun"}}',
    "a name removed twice": '{"remove": ["hello", "Hello"]}',
}

HARMFUL = {
    "a line end in a value": r'{"replace": {"hello": "moon\r\nset-cookie: a=1"}}',
    "a line feed in a value": r'{"add": {"hello": "moon\nx: y"}}',
    "a carriage return in a value": r'{"add": {"hello": "moon\rx: y"}}',
    "a null byte in a value": r'{"replace": {"hello": "moon\u0000"}}',
    "an escape character in a value": r'{"replace": {"hello": "\u001b[2J"}}',
    "a delete character in a value": r'{"replace": {"hello": "moon\u007f"}}',
    "a line end in one of several values": r'{"add": {"hello": ["moon", "sun\r\n"]}}',
    "a blank around a value": '{"replace": {"hello": " moon "}}',
    "a name with a blank": '{"replace": {"hel lo": "moon"}}',
    "a name with a colon": '{"replace": {"hello:": "moon"}}',
    "a name with a line end": r'{"replace": {"hello\r\nx": "moon"}}',
    "a name with a letter of no token": '{"replace": {"héllo": "moon"}}',
    "an empty name": '{"replace": {"": "moon"}}',
    "an empty name to remove": '{"remove": [""]}',
    "a pseudo-header": '{"replace": {":status": "200"}}',
    "a pseudo-header to remove": '{"remove": [":status"]}',
    "content-length": '{"replace": {"content-length": "0"}}',
    "content-length to remove": '{"remove": ["Content-Length"]}',
    "transfer-encoding": '{"add": {"Transfer-Encoding": "chunked"}}',
    "connection": '{"add": {"connection": "close"}}',
    "upgrade": '{"replace": {"upgrade": "websocket"}}',
}


@pytest.fixture(scope="module")
def filtered(change, wasm_filter):
    with change(wasm_filter, {"replace": {"hello": "world"}}) as deployment:
        yield deployment


ROWS = [
    pytest.param(text, id=wrong, marks=pytest.mark.requirement(requirement))
    for requirement, table in (("HDR-12", BROKEN), ("HDR-13", MEANINGLESS), ("HDR-14", HARMFUL))
    for wrong, text in table.items()
]


@pytest.mark.parametrize("configuration", ROWS)
def test_a_bad_configuration_is_refused(gateway, filtered, configuration):
    with filtered.changed(configuration) as delivery:
        assert delivery.refusals
        reply = gateway.send("GET", "/productpage")

    assert reply.status == 200
    assert reply.values("hello") == ("world",)


@pytest.mark.requirement("HDR-12")
def test_a_good_configuration_replaces_the_one_before(gateway, filtered):
    with filtered.changed({"add": {"goodbye": "moon"}}) as delivery:
        assert delivery.refusals == ()
        reply = gateway.send("GET", "/productpage")

    assert reply.values("goodbye") == ("moon",)
    assert reply.values("hello") == ()
