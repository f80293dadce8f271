"""The parts of the basic-auth filter that need no request: base64, paths, hosts, configurations."""

import json
from functools import partial

import pytest

from tests.filters import validation

BASE64 = {
    ("b2s6dGVzdA==", "required"): "<ok:test>",
    ("b2s6dGVzdA", "required"): "!",
    ("b2s6dGVzdA", "optional"): "<ok:test>",
    ("b2s6dGVzdA=", "required"): "!",
    ("b2s6dGVzdA=", "optional"): "!",
    ("b2s6dGVzdA===", "optional"): "!",
    ("b2s6dGVzdB==", "required"): "!",  # the same bytes with a spare bit set
    ("YWJj", "required"): "<abc>",
    ("YWI=", "required"): "<ab>",
    ("YQ==", "required"): "<a>",
    ("Y", "optional"): "!",
    ("A", "optional"): "!",
    ("AAAAA", "optional"): "!",
    ("A===", "required"): "!",
    ("=", "optional"): "!",
    ("==", "optional"): "!",
    ("====", "required"): "!",
    ("", "required"): "<>",
    ("YW Jj", "optional"): "!",
    ("YWJj\n", "optional"): "!",
    ("__8=", "required"): "!",  # the alphabet of URLs
    ("w7w6w7E=", "required"): "<ü:ñ>",
}

# kind, pattern, path -> whether the rule covers it
PATHS = {
    "covered": [
        ("prefix", "/api", "/api"),
        ("prefix", "/api", "/apix"),
        ("prefix", "/api", "/api/x?y#z"),
        ("prefix", "/", "/anything"),
        ("prefix", "/", "//"),
        ("prefix", "/api/", "/api"),
        ("exact", "/api", "/api"),
        ("exact", "/api", "/api?x=1"),
        ("exact", "/api", "/api?"),
        ("exact", "/api", "/api#f"),
        ("exact", "/api", "/api/"),
        ("exact", "/api/", "/api"),
        ("exact", "/api", "/api%3Fx"),
        ("exact", "/", "/"),
        ("suffix", "/api", "/x/api"),
        ("suffix", "/api", "/x/api?y"),
        ("suffix", "/api", "/x/api/"),
        ("suffix", ".json", "/x.JSON"),
        *[
            ("exact", "/api", path)
            for path in (
                *("/API", "//api", "/./api", "/x/../api", "/api/.", "/api//", "\\api", "/\\api"),
                *("/%61pi", "/%2561pi", "/%252561pi", "/%2Fapi", "/%5Capi", "/%2e/api"),
                *("/x/%2e%2e/api", "/x%2F..%2Fapi", "/;v=1/api", "/api;v=1", "/x/..;/api"),
                *("/x/..%c0%afapi", "/%c1%a1pi", "http://foo.com/api", "HTTP://foo.com//api?x"),
                *("/../../api", "/api%2f", "/api%23f", "/api%3bv=1"),
            )
        ],
        ("prefix", "/api", "/api/../public"),
        ("prefix", "/api", "//api/../public"),
        # No reading at all: every rule covers them.
        ("exact", "/api", ""),
        ("exact", "/api", "*"),
        ("exact", "/api", "api"),
        ("exact", "/api", "?x"),
        ("exact", "/api", "/x%00"),
        ("exact", "/api", "/x%0d%0a"),
        ("exact", "/api", "/x%7f"),
        ("exact", "/api", "/%25252525252561"),
        ("exact", "/", "http://foo.com"),
        ("prefix", "/é", "/%c3%a9x"),
    ],
    "open": [
        ("prefix", "/api", "/"),
        ("prefix", "/api", "/ap"),
        ("prefix", "/api", "/x/api"),
        ("prefix", "/api/", "/apix"),
        ("exact", "/api", "/apix"),
        ("exact", "/api", "/api/x"),
        ("exact", "/api", "/x/api"),
        ("exact", "/api", "/api/.."),
        ("exact", "/", "/x"),
        ("suffix", "/api", "/other?x=/api"),
        ("suffix", "/api", "/xapi"),
        ("suffix", "/api", "/api/x"),
        ("prefix", "/api", "/100%"),
        ("prefix", "/api", "/100%zz%2"),
        ("prefix", "/api", "/caf%e9"),
        ("prefix", "/api", "/%25"),
        ("exact", "/api", "http://foo.com/x"),
    ],
}

HOSTS = {
    "covered": [
        ("foo.com", "foo.com"),
        ("foo.com", "foo.com:8080"),
        ("foo.com", "foo.com:"),
        ("foo.com", "foo.com:abc"),
        ("foo.com", "FOO.com"),
        ("foo.com", "foo.com."),
        ("foo.com", "foo.com.:80"),
        ("foo.com", "user@foo.com"),
        ("foo.com", "user:pass@foo.com:80"),
        ("foo.com", "foo.com:80:90"),
        ("*.foo.com", "a.foo.com"),
        ("*foo.com", "evilfoo.com"),
        ("foo.*", "foo.org"),
        ("*", "anything"),
        ("foo.com", ""),
        ("[::1]", "[::1]"),
        ("[::1]", "[::1]:80"),
        ("foo.com", "::1"),  # cannot be read, so it could be any
    ],
    "open": [
        ("foo.com", "bar.com"),
        ("foo.com", "a.foo.com"),
        ("foo.com", "foo.com.evil"),
        ("*.foo.com", "foo.com"),
        ("foo.*", "a.foo.org"),
        ("[::1]", "[::2]:80"),
    ],
}

RULE = {"prefix": "/p", "request_methods": ["GET"], "credentials": ["a:b"]}


def rules(*, realm=None, **changes):
    """A configuration with one rule: keys changed, or left out where the change is `...`."""
    rule = {key: value for key, value in (RULE | changes).items() if value is not ...}
    return json.dumps({"basic_auth_rules": [rule]} | ({} if realm is None else {"realm": realm}))


without = partial(rules, prefix=...)

ACCEPTED = {
    rules(): 'Basic realm="istio"',
    rules(realm=""): 'Basic realm=""',
    rules(realm="My App"): 'Basic realm="My App"',
    rules(realm='a"b\\c'): 'Basic realm="a\\"b\\\\c"',
    rules(realm="Küche"): 'Basic realm="Küche"',
    rules(prefix="/"): 'Basic realm="istio"',
    rules(prefix="/p/"): 'Basic realm="istio"',
    rules(prefix="/.well-known/..x"): 'Basic realm="istio"',
    without(exact="/p"): 'Basic realm="istio"',
    without(suffix=".json"): 'Basic realm="istio"',
    rules(hosts=[]): 'Basic realm="istio"',
    rules(hosts=["*", "*.a.com", "a.*", "A.com.", "[::1]"]): 'Basic realm="istio"',
    rules(request_methods=["GET", "GET", "M-SEARCH", "PURGE"]): 'Basic realm="istio"',
    rules(credentials=["a:b:c", "ü:ñ", "YWRtaW4zOmFkbWluMw==", "YWRtaW4zOmFkbWluMw"]): (
        'Basic realm="istio"'
    ),
}

CREDENTIAL = "basic_auth_rules[0].credentials[0] "
METHOD = (
    "basic_auth_rules[0].request_methods[0] is no method; methods are tokens in upper case, "
    "there is no wildcard"
)
HOST = "basic_auth_rules[0].hosts[0] "
PREFIX = "basic_auth_rules[0].prefix "
SEGMENT = PREFIX + "has an empty segment, '.' or '..', which paths are compared without"
CHARACTER = PREFIX + "has a character ('%', '\\', ';', control) that paths are compared without"
KNOWN = "prefix, exact, suffix, hosts, request_methods, credentials"

REFUSED = {
    "": "there is none, so nothing would be protected",
    "{}": "there are no basic_auth_rules, so nothing would be protected",
    '{"basic_auth_rules": []}': "there are no basic_auth_rules, so nothing would be protected",
    "[]": "must be an object, is a list",
    "null": "must be an object, is null",
    "{": "not valid JSON: no key in double quotes at line 1, column 2",
    '{"basic_auth_rule": []}': (
        'the unknown key "basic_auth_rule"; known are basic_auth_rules and realm'
    ),
    '{"basic_auth_rules": {}}': "basic_auth_rules must be a list of rules, is an object",
    '{"basic_auth_rules": null}': "basic_auth_rules must be a list of rules, is null",
    '{"basic_auth_rules": ["/p"]}': "basic_auth_rules[0] must be an object, is a string",
    '{"realm": "x"}': "there are no basic_auth_rules, so nothing would be protected",
    '{"realm": "x", "realm": "y"}': (
        "not valid JSON: a key for the second time at line 1, column 16"
    ),
    rules(realm=1): "realm must be a string, is a number",
    rules(realm="a\nb"): "realm holds a control character",
    rules(prefix=...): "basic_auth_rules[0] has no prefix, exact or suffix",
    rules(exact="/p"): "basic_auth_rules[0].exact is one path too many",
    rules(prefix=None): PREFIX + "must be a string, is null",
    rules(prefix=1): PREFIX + "must be a string, is a number",
    rules(prefix=""): PREFIX + "is empty",
    without(suffix=""): "basic_auth_rules[0].suffix is empty",
    rules(prefix="api"): PREFIX + "must begin with '/'",
    without(exact="*"): "basic_auth_rules[0].exact must begin with '/'",
    rules(prefix="/a?b"): PREFIX + "has a '?' or '#'; rules are about the path in front of it",
    rules(prefix="/a#b"): PREFIX + "has a '?' or '#'; rules are about the path in front of it",
    rules(prefix="/a%20b"): CHARACTER,
    rules(prefix="/a\\b"): CHARACTER,
    rules(prefix="/a;b"): CHARACTER,
    rules(prefix="/a\n"): CHARACTER,
    rules(prefix="//a"): SEGMENT,
    rules(prefix="/a//"): SEGMENT,
    rules(prefix="/a/./b"): SEGMENT,
    rules(prefix="/a/.."): SEGMENT,
    rules(request_methods=...): "basic_auth_rules[0] has no request_methods",
    rules(request_methods=[]): "basic_auth_rules[0].request_methods is empty",
    rules(request_methods="GET"): (
        "basic_auth_rules[0].request_methods must be a list of strings, is a string"
    ),
    rules(request_methods=[1]): (
        "basic_auth_rules[0].request_methods[0] must be a string, is a number"
    ),
    rules(request_methods=["get"]): METHOD,
    rules(request_methods=["Get"]): METHOD,
    rules(request_methods=["*"]): METHOD,
    rules(request_methods=[""]): METHOD,
    rules(request_methods=["GET "]): METHOD,
    rules(request_methods=["GET,POST"]): METHOD,
    rules(credentials=...): "basic_auth_rules[0] has no credentials",
    rules(credentials=[]): "basic_auth_rules[0].credentials is empty",
    rules(credentials="a:b"): (
        "basic_auth_rules[0].credentials must be a list of strings, is a string"
    ),
    rules(credentials=[1]): CREDENTIAL + "must be a string, is a number",
    rules(credentials=[""]): CREDENTIAL + "is empty",
    rules(credentials=["="]): CREDENTIAL + "is neither user:password nor base64 of it",
    rules(credentials=["user-pass"]): CREDENTIAL + "is neither user:password nor base64 of it",
    rules(credentials=["__8="]): CREDENTIAL + "is neither user:password nor base64 of it",
    rules(credentials=["password"]): CREDENTIAL + "is base64 of something without a colon",
    rules(credentials=[":"]): CREDENTIAL + "has an empty user name",
    rules(credentials=[":b"]): CREDENTIAL + "has an empty user name",
    rules(credentials=["a:"]): CREDENTIAL + "has an empty password",
    rules(credentials=["b2s6dGVzdAo="]): (
        CREDENTIAL + "holds a control character, perhaps a line end"
    ),
    rules(credentials=["a:b", "bad"]): (
        "basic_auth_rules[0].credentials[1] is neither user:password nor base64 of it"
    ),
    rules(hosts=None): "basic_auth_rules[0].hosts must be a list of strings, is null",
    rules(hosts="foo.com"): "basic_auth_rules[0].hosts must be a list of strings, is a string",
    rules(hosts=[1]): HOST + "must be a string, is a number",
    rules(hosts=[""]): HOST + "is empty",
    rules(hosts=["."]): HOST + "is no host",
    rules(hosts=["http://foo.com"]): HOST + "is no host",
    rules(hosts=["a@foo.com"]): HOST + "is no host",
    rules(hosts=["foo.com:80"]): HOST + "has a port, or is an IPv6 address without brackets",
    rules(hosts=["::1"]): HOST + "has a port, or is an IPv6 address without brackets",
    rules(hosts=["*oo*"]): (
        HOST + "has a '*' that is neither the first nor the last character, or more than one"
    ),
    rules(hosts=["f*o"]): (
        HOST + "has a '*' that is neither the first nor the last character, or more than one"
    ),
    rules(methods=["GET"]): f'basic_auth_rules[0] has the unknown key "methods"; known are {KNOWN}',
    rules(**{"ok:s3cret": 1}): (
        "basic_auth_rules[0] has the unknown key (not shown: it does not look like a key); "
        f"known are {KNOWN}"
    ),
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    questions = [
        *[("base64", *row) for row in BASE64],
        *[("covers", *row) for rows in PATHS.values() for row in rows],
        *[("host", *row) for rows in HOSTS.values() for row in rows],
        *[("rules", text) for text in (*ACCEPTED, *REFUSED)],
    ]
    found = validation.answers(tmp_path_factory.mktemp("harness"), questions)
    return dict(zip(questions, found, strict=True))


@pytest.mark.parametrize(("text", "padding"), BASE64)
def test_base64_is_read_strictly(answer, text, padding):
    assert answer["base64", text, padding] == BASE64[text, padding]


@pytest.mark.parametrize("row", PATHS["covered"], ids=" ".join)
def test_a_rule_covers_every_spelling_of_its_path(answer, row):
    assert answer["covers", *row] == "covered"


@pytest.mark.parametrize("row", PATHS["open"], ids=" ".join)
def test_a_rule_covers_no_other_path(answer, row):
    assert answer["covers", *row] == "open"


@pytest.mark.parametrize("row", HOSTS["covered"], ids=" ".join)
def test_a_rule_covers_every_spelling_of_its_host(answer, row):
    assert answer["host", *row] == "covered"


@pytest.mark.parametrize("row", HOSTS["open"], ids=" ".join)
def test_a_rule_covers_no_other_host(answer, row):
    assert answer["host", *row] == "open"


@pytest.mark.parametrize("text", ACCEPTED, ids=range(len(ACCEPTED)))
def test_a_sound_configuration_is_accepted_and_the_realm_quoted(answer, text):
    assert answer["rules", text] == "accepted " + ACCEPTED[text]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_configuration_that_leaves_something_open_is_refused(answer, text):
    assert answer["rules", text] == REFUSED[text]


def test_no_refusal_quotes_a_credential(answer):
    secrets = {"s3cret", "b2s6dGVzdAo=", "ok:test", "user-pass", "a:b:c"}

    assert not [text for text in REFUSED if any(s in answer["rules", text] for s in secrets)]
