"""Headers: what a configured value looks like when it arrives."""

import pytest

pytestmark = pytest.mark.contract("headers")

VALUES = {
    "a word": "on",
    "nothing": "",
    "one letter": "a",
    "commas": "a, b,c",
    "quotes": '"a \\"b\\"" \\',
    "symbols": "!#$%&'()*+-./:;<=>?@[]^_`{|}~",
    "blanks inside": "a  b   c",
    "a tab inside": "a\tb",
    "other scripts": "grün ✓",
    "four thousand letters": "long " * 800 + "end",
    "a date": "Wed, 09 Jun 2027 10:18:14 GMT",
    "JSON": '{"a": [1, "b"]}',
}


@pytest.fixture(scope="module")
def filtered(change, wasm_filter):
    with change(wasm_filter, {"replace": {"hello": "world"}}) as deployment:
        yield deployment


@pytest.mark.requirement("HDR-8")
@pytest.mark.parametrize("operation", ["add", "replace"])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_arrives_byte_for_byte(gateway, filtered, operation, value):
    with filtered.changed({operation: {"x-value": value}}) as delivery:
        assert delivery.refusals == ()
        (arrived,) = gateway.send("GET", "/productpage").values("x-value")

    assert arrived.encode("latin-1") == value.encode()


@pytest.mark.requirement("HDR-15")
def test_two_configurations_in_one_virtual_machine_act_side_by_side(gateway, change, wasm_filter):
    with (
        change(wasm_filter, {"replace": {"x-first": "1"}}, vm_id="shared"),
        change(wasm_filter, {"replace": {"x-second": "2"}}, vm_id="shared"),
    ):
        reply = gateway.send("GET", "/productpage")

    assert reply.values("x-first") == ("1",)
    assert reply.values("x-second") == ("2",)
