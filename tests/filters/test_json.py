"""The JSON reader of the filters reads RFC 8259 and nothing else."""

import pytest

from tests.filters import validation

READ = {
    "{}": "{}",
    "[]": "[]",
    " \t\r\n[ ] \n": "[]",
    '""': "<>",
    "null": "null",
    "true": "true",
    "false": "false",
    "0": "0",
    "-0": "-0",
    "-12.5e+10": "-12.5e+10",
    "1E5": "1E5",
    '{"a":[1,{"b":"c"}],"d":null}': "{<a>:[1,{<b>:<c>,},],<d>:null,}",
    r'"\"\\\/\b\f\n\r\t"': '<"\\/\b\f\n\r\t>',
    r'"\u0041\u00e9\u20AC"': "<Aé€>",
    r'"\ud83d\ude00"': "<😀>",
    r'"\u0000"': "<\0>",
    '"é€😀\x7f"': "<é€😀\x7f>",
    "[" * 32 + "1" + "]" * 32: "[" * 32 + "1," + "]," * 31 + "]",
}

REFUSED: dict[str | bytes, str] = {
    "": "nothing but white space at line 1, column 1",
    " \n ": "nothing but white space at line 2, column 2",
    "{": "no key in double quotes at line 1, column 2",
    "[": "the text ends before a value at line 1, column 2",
    "[1": "no ',' or ']' after an element of a list at line 1, column 3",
    "[1 2]": "no ',' or ']' after an element of a list at line 1, column 4",
    "[1,]": "no value at line 1, column 4",
    "[,1]": "no value at line 1, column 2",
    '{"a":1,}': "no key in double quotes at line 1, column 8",
    '{"a" 1}': "no ':' after a key at line 1, column 6",
    '{"a":}': "no value at line 1, column 6",
    '{"a":1 "b":2}': "no ',' or '}' after a member of an object at line 1, column 8",
    "{a:1}": "no key in double quotes at line 1, column 2",
    "{'a':1}": "no key in double quotes at line 1, column 2",
    '{\n  "a": 1,\n  "a": 2}': "a key for the second time at line 3, column 3",
    r'{"a": 1, "\u0061": 2}': "a key for the second time at line 1, column 10",
    "{} {}": "something after the end of the value at line 1, column 4",
    "1 // one": "something after the end of the value at line 1, column 3",
    "/* */ 1": "no value at line 1, column 1",
    "\ufeff{}": "no value at line 1, column 1",
    "tru": "no value at line 1, column 1",
    "True": "no value at line 1, column 1",
    "nan": "no value at line 1, column 1",
    "truer": "something after the end of the value at line 1, column 5",
    "01": "a number with a leading zero at line 1, column 1",
    "-01": "a number with a leading zero at line 1, column 1",
    "+1": "no value at line 1, column 1",
    ".5": "no value at line 1, column 1",
    "1.": "no digit after the point of a number at line 1, column 3",
    "1e": "no digit in the exponent of a number at line 1, column 3",
    "1e+-1": "no digit in the exponent of a number at line 1, column 4",
    "0x10": "something after the end of the value at line 1, column 2",
    "-": "the text ends before a value at line 1, column 1",
    '"abc': "a string that never ends at line 1, column 1",
    '"a\nb"': "a control character inside a string at line 1, column 3",
    '"a\0b"': "a control character inside a string at line 1, column 3",
    r'"\x41"': "an unknown escape at line 1, column 2",
    '"\\': "an unknown escape at line 1, column 2",
    r'"\u12"': "an escape without four hexadecimal digits at line 1, column 2",
    r'"\u12g4"': "an escape without four hexadecimal digits at line 1, column 2",
    r'"\ud83d"': "half of a surrogate pair at line 1, column 2",
    r'"\ud83dx"': "half of a surrogate pair at line 1, column 2",
    r'"\ud83d\u0041"': "half of a surrogate pair at line 1, column 2",
    r'"\ude00"': "half of a surrogate pair at line 1, column 2",
    b'"\xff"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\x80"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\xc0\xaf"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\xe0\x80\xaf"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\xf0\x80\x80\xaf"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\xed\xa0\x80"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\xf4\x90\x80\x80"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\xe2\x82"': "bytes that are not UTF-8 at line 1, column 2",
    b'"\xe2\x82': "bytes that are not UTF-8 at line 1, column 2",
    "[" * 33 + "]" * 33: "more than 32 levels of nesting at line 1, column 33",
    "[" * 100_000: "more than 32 levels of nesting at line 1, column 33",
}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    texts: list[str | bytes] = [*READ, *REFUSED]
    folder = tmp_path_factory.mktemp("harness")
    found = validation.answers(folder, [("json", text) for text in texts])
    return dict(zip(texts, found, strict=True))


@pytest.mark.parametrize("text", READ, ids=range(len(READ)))
def test_valid_json_is_read(read, text):
    assert read[text] == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_anything_else_is_refused_with_the_place(read, text):
    assert read[text] == "! " + REFUSED[text]
