"""What the headers filter accepts as a configuration, and how header lists cross the border."""

import pytest

from tests.filters import validation

ACCEPTED = [
    '{"replace": {"hello": "world"}}',
    '{"add": {"hello": "world"}, "replace": {}, "remove": []}',
    '{"add": {"set-cookie": ["a=1", "b=2"]}}',
    '{"remove": ["Server"]}',
    '{"remove": ["a"], "replace": {"a": "1"}, "add": {"a": "2"}}',
    '{"replace": {"x": ""}}',
    '{"replace": {"x": "a\\tb"}}',
    '{"replace": {"x": "grün, \\"quoted\\" and; so on"}}',
    '{"replace": {"!#$%&\'*+-.^_`|~09azAZ": "x"}}',
]

FRAMING = ", which frames the message and is the proxy's own"
CONTROL = 'replace names "a" with a value with a control character'

REFUSED = {
    "": "there is none; give at least one of add, replace, remove",
    "{}": "it changes no header",
    '{"add": {}, "replace": {}, "remove": []}': "it changes no header",
    "[]": "must be an object, is a list",
    '"hello"': "must be an object, is a string",
    '{"add": {"a": "b"}': (
        "not valid JSON: no ',' or '}' after a member of an object at line 1, column 19"
    ),
    '{"adds": {"a": "b"}}': 'the unknown key "adds"; known are add, replace, remove',
    '{"Add": {"a": "b"}}': 'the unknown key "Add"; known are add, replace, remove',
    '{"add": []}': "add names no object of header names and values",
    '{"replace": "x"}': "replace names no object of header names and values",
    '{"remove": {"a": "b"}}': "remove names no list of header names",
    '{"remove": [1]}': "remove names a header name that is not a string",
    '{"remove": [""]}': "remove names an empty header name",
    '{"remove": [":status"]}': "remove names a pseudo-header; it is not a header field",
    '{"add": {":path": "/"}}': "add names a pseudo-header; it is not a header field",
    '{"add": {"": "x"}}': "add names an empty header name",
    '{"add": {"a b": "x"}}': "add names a header name with a character that names cannot have",
    '{"add": {"a:": "x"}}': "add names a header name with a character that names cannot have",
    '{"add": {"a\\u0000": "x"}}': (
        "add names a header name with a character that names cannot have"
    ),
    '{"add": {"grün": "x"}}': "add names a header name with a character that names cannot have",
    '{"remove": ["a", "A"]}': 'remove names "a" twice',
    '{"replace": {"a": "1", "A": "2"}}': 'replace names "a" twice',
    '{"add": {"a": []}}': 'add names "a" with an empty list of values',
    '{"add": {"a": [1]}}': 'add names "a" with a value that is a number, not a string',
    '{"add": {"a": null}}': 'add names "a" with a value that is null, not a string',
    '{"replace": {"a": ["b"]}}': 'replace names "a" with a value that is a list, not a string',
    '{"replace": {"a": "b\\r\\nc: d"}}': CONTROL,
    '{"replace": {"a": "b\\nc"}}': CONTROL,
    '{"replace": {"a": "\\u0000"}}': CONTROL,
    '{"replace": {"a": "\\u007f"}}': CONTROL,
    '{"replace": {"a": " b"}}': 'replace names "a" with a value with white space around it',
    '{"replace": {"a": "b\\t"}}': 'replace names "a" with a value with white space around it',
    **{
        f'{{"remove": ["{name.title()}"]}}': f'remove names "{name}"{FRAMING}'
        for name in (
            *("connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer"),
            *("transfer-encoding", "upgrade"),
        )
    },
}

PAIRS = [
    (),
    ("name", "value"),
    ("name", "", "", "value"),
    ("a", "1", "a", "1", "b", "x" * 5000),
    ("zero", "a\0b"),
]


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    questions: list[tuple[str, ...]] = [("changes", text) for text in (*ACCEPTED, *REFUSED)]
    questions += [("pairs", *row) for row in PAIRS]
    found = validation.answers(tmp_path_factory.mktemp("harness"), questions)
    return dict(zip(questions, found, strict=True))


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_configuration_that_changes_something_is_accepted(answer, text):
    assert answer["changes", text] == "accepted"


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_any_other_configuration_is_refused_with_the_reason(answer, text):
    assert answer["changes", text] == REFUSED[text]


@pytest.mark.parametrize("row", PAIRS, ids=range(len(PAIRS)))
def test_a_list_of_headers_survives_packing(answer, row):
    assert answer["pairs", *row] == "same"
