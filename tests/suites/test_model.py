"""The oracle answers as the published plugin was seen to, and stricter where that is open.

The tables are observations of plugin.cc (commit 1ebcbdd of istio-ecosystem/wasm-extensions),
compiled against a host that hands over the headers as they are.
"""

import pytest

from suites.basic_auth.configurations import PUBLISHED, protecting, rule
from suites.basic_auth.model import (
    Request,
    Verdict,
    authorization,
    challenged_samples,
    expected,
    hardened,
    upstream,
)

OPEN, DENIED = Verdict.PASS, Verdict.CHALLENGE
OK = "b2s6dGVzdA=="


def only(**changed: object) -> dict[str, object]:
    return protecting(**changed)


# What the plugin makes of a path under prefix, exact and suffix "/api".
UPSTREAM_PATHS = {
    "/api": (DENIED, DENIED, DENIED),
    "/api/": (DENIED, OPEN, OPEN),
    "/apix": (DENIED, OPEN, OPEN),
    "/api?x=1": (DENIED, OPEN, OPEN),
    "/api?": (DENIED, OPEN, OPEN),
    "/api#f": (DENIED, OPEN, OPEN),
    "/api%2Fx": (DENIED, OPEN, OPEN),
    "/api;a=b": (DENIED, OPEN, OPEN),
    "/api/../public": (DENIED, OPEN, OPEN),
    "//api": (OPEN, OPEN, DENIED),
    "/./api": (OPEN, OPEN, DENIED),
    "/x/../api": (OPEN, OPEN, DENIED),
    "/API": (OPEN, OPEN, OPEN),
    "/%61pi": (OPEN, OPEN, OPEN),
    "\\api": (OPEN, OPEN, OPEN),
    "/x/api": (OPEN, OPEN, DENIED),
    "/xapi": (OPEN, OPEN, OPEN),
    "/other?x=/api": (OPEN, OPEN, DENIED),
    "": (OPEN, OPEN, OPEN),
    "*": (OPEN, OPEN, OPEN),
    "http://foo.com/api": (OPEN, OPEN, DENIED),
}


@pytest.mark.parametrize(("path", "verdicts"), UPSTREAM_PATHS.items(), ids=UPSTREAM_PATHS)
def test_upstream_compares_paths_as_observed(path: str, verdicts: tuple[Verdict, ...]) -> None:
    found = [
        upstream(only(**{"prefix": None, match: "/api"}), Request("GET", path))
        for match in ("prefix", "exact", "suffix")
    ]

    assert tuple(found) == verdicts


# What a filter that leaves nothing open makes of it: stricter, save for the false challenge.
HARDENED_PATHS = UPSTREAM_PATHS | {
    "/api/": (DENIED, DENIED, DENIED),
    "/api?x=1": (DENIED, DENIED, DENIED),
    "/api?": (DENIED, DENIED, DENIED),
    "/api#f": (DENIED, DENIED, DENIED),
    "/api;a=b": (DENIED, DENIED, DENIED),
    "//api": (DENIED, DENIED, DENIED),
    "/./api": (DENIED, DENIED, DENIED),
    "/x/../api": (DENIED, DENIED, DENIED),
    "/API": (DENIED, DENIED, DENIED),
    "/%61pi": (DENIED, DENIED, DENIED),
    "/%2561pi": (DENIED, DENIED, DENIED),
    "/%2Fapi": (DENIED, DENIED, DENIED),
    "/%c0%afapi": (DENIED, DENIED, DENIED),
    "/x%2f..%2fapi": (DENIED, DENIED, DENIED),
    "/x/..;/api": (DENIED, DENIED, DENIED),
    "\\api": (DENIED, DENIED, DENIED),
    "/other?x=/api": (OPEN, OPEN, OPEN),
    "http://foo.com/api": (DENIED, DENIED, DENIED),
}


@pytest.mark.parametrize(("path", "verdicts"), HARDENED_PATHS.items(), ids=HARDENED_PATHS)
def test_hardened_sees_through_disguises(path: str, verdicts: tuple[Verdict, ...]) -> None:
    found = [
        hardened(only(**{"prefix": None, match: "/api"}), Request("GET", path))
        for match in ("prefix", "exact", "suffix")
    ]

    assert tuple(found) == verdicts


UPSTREAM_HOSTS = [
    ("foo.com", "foo.com", DENIED),
    ("foo.com:8080", "foo.com", DENIED),
    ("foo.com:", "foo.com", DENIED),
    ("foo.com:abc", "foo.com", DENIED),
    ("FOO.com", "foo.com", OPEN),
    ("foo.com.", "foo.com", OPEN),
    ("user@foo.com", "foo.com", OPEN),
    ("foo.com", "foo.com:80", OPEN),
    ("a.foo.com", "*.foo.com", DENIED),
    ("foo.com", "*.foo.com", OPEN),
    ("evilfoo.com", "*foo.com", DENIED),
    ("foo.org", "foo.*", DENIED),
    ("any.thing", "*", DENIED),
    ("", "*", DENIED),
    ("", "", DENIED),
    ("foo.com", "*oo*", OPEN),
    ("[::1]", "[::1]", DENIED),
    ("[::1]:80", "[::1]", DENIED),
    ("::1", "::1", OPEN),
]


@pytest.mark.parametrize(("authority", "pattern", "verdict"), UPSTREAM_HOSTS)
def test_upstream_compares_hosts_as_observed(
    authority: str, pattern: str, verdict: Verdict
) -> None:
    request = Request("GET", "/productpage", authority)

    assert upstream(only(hosts=[pattern]), request) is verdict


HARDENED_HOSTS = [
    ("foo.com:8080", "foo.com", DENIED),
    ("FOO.com", "foo.com", DENIED),
    ("foo.com.", "foo.com", DENIED),
    ("foo.com.:80", "foo.com", DENIED),
    ("user@foo.com", "foo.com", DENIED),
    ("A.FOO.com", "*.foo.com", DENIED),
    ("[::1]:80", "[::1]", DENIED),
    ("", "foo.com", DENIED),
    ("foo.com", "*.foo.com", OPEN),
    ("bar.com", "foo.com", OPEN),
    ("xfoo.com", "foo.com", OPEN),
    ("[::11]", "[::1]", OPEN),
]


@pytest.mark.parametrize(("authority", "pattern", "verdict"), HARDENED_HOSTS)
def test_hardened_sees_through_other_spellings_of_a_host(
    authority: str, pattern: str, verdict: Verdict
) -> None:
    request = Request("GET", "/productpage", authority)

    assert hardened(only(hosts=[pattern]), request) is verdict


@pytest.mark.parametrize("judge", [upstream, hardened])
def test_no_hosts_are_all_hosts(judge) -> None:
    assert judge(only(hosts=[]), Request("GET", "/productpage", "any.thing")) is DENIED


# Authorization -> what upstream and hardened make of it.
AUTHORIZATIONS = {
    None: (DENIED, DENIED),
    "": (DENIED, DENIED),
    "Basic": (DENIED, DENIED),
    "Basic ": (DENIED, DENIED),
    f"Basic {OK}": (OPEN, OPEN),
    f"basic {OK}": (DENIED, OPEN),
    f"BASIC {OK}": (DENIED, OPEN),
    f"Basic\t{OK}": (DENIED, DENIED),
    f" Basic {OK}": (DENIED, DENIED),
    f"Basic  {OK}": (DENIED, DENIED),
    f"Basic {OK} ": (DENIED, DENIED),
    "Basic b2s6dGVzdA": (DENIED, DENIED),
    f"Basic {OK}=": (DENIED, DENIED),
    "Basic b2s6dGVzdB==": (DENIED, DENIED),
    "Basic b2s6\ndGVzdA==": (DENIED, DENIED),
    "Bearer abc": (DENIED, DENIED),
    f"Negotiate x, Basic {OK}": (DENIED, DENIED),
    f"Basic {OK},Basic x": (DENIED, DENIED),
    f"Basic x,{OK}": (DENIED, DENIED),
    "Basic ok:test": (DENIED, DENIED),
    "Basic %%%": (DENIED, DENIED),
    authorization("OK", "test"): (DENIED, DENIED),
    authorization("ok", "test\n"): (DENIED, DENIED),
    authorization("admin3", "admin3"): (OPEN, OPEN),
    "Basic bäh": (DENIED, DENIED),
}


@pytest.mark.parametrize(("value", "verdicts"), AUTHORIZATIONS.items(), ids=repr)
def test_both_read_an_authorization_as_observed(
    value: str | None, verdicts: tuple[Verdict, Verdict]
) -> None:
    request = Request("GET", "/productpage", authorization=value)

    assert (upstream(PUBLISHED, request), hardened(PUBLISHED, request)) == verdicts


METHODS = {
    "GET": (DENIED, DENIED),
    "POST": (DENIED, DENIED),
    "HEAD": (OPEN, DENIED),
    "OPTIONS": (OPEN, OPEN),
    "PUT": (OPEN, OPEN),
    "DELETE": (OPEN, OPEN),
    "PATCH": (OPEN, OPEN),
    "TRACE": (OPEN, OPEN),
    "FOO": (OPEN, OPEN),
}


@pytest.mark.parametrize(("method", "verdicts"), METHODS.items(), ids=METHODS)
def test_both_compare_methods_as_observed(method: str, verdicts: tuple[Verdict, Verdict]) -> None:
    request = Request(method, "/productpage")

    assert (upstream(PUBLISHED, request), hardened(PUBLISHED, request)) == verdicts


DISJOINT = {
    "basic_auth_rules": [
        rule(prefix="/", credentials=["admin:admin"]),
        rule(prefix="/api", credentials=["ok:test"]),
    ]
}
SHARED = {
    "basic_auth_rules": [
        rule(prefix="/", credentials=["admin:admin", "ok:test"]),
        rule(prefix="/api", credentials=["ok:test"]),
    ]
}
OVERLAPS = [
    (DISJOINT, "/api", "admin", DENIED),
    (DISJOINT, "/api", "ok", DENIED),
    (DISJOINT, "/x", "admin", OPEN),
    (DISJOINT, "/x", "ok", DENIED),
    (SHARED, "/api", "ok", OPEN),
    (SHARED, "/api", "admin", DENIED),
    (SHARED, "/x", "admin", OPEN),
    (SHARED, "/x", "ok", OPEN),
]
PASSWORDS = {"admin": "admin", "ok": "test"}


@pytest.mark.parametrize(("configuration", "path", "user", "verdict"), OVERLAPS)
def test_every_covering_rule_must_be_satisfied(
    configuration: dict[str, object], path: str, user: str, verdict: Verdict
) -> None:
    request = Request("GET", path, authorization=authorization(user, PASSWORDS[user]))

    assert upstream(configuration, request) is verdict
    assert hardened(configuration, request) is verdict


def test_no_rule_at_all_is_open() -> None:
    assert upstream({"basic_auth_rules": []}, Request("GET", "/productpage")) is OPEN


def test_credentials_are_compared_as_utf_8() -> None:
    rules = protecting(credentials=["ü:ñ"])
    latin = "Basic /Drx"  # base64 of ü:ñ in Latin-1

    assert upstream(rules, Request("GET", "/productpage", authorization=latin)) is DENIED
    assert hardened(rules, Request("GET", "/productpage", authorization=latin)) is DENIED
    sent = Request("GET", "/productpage", authorization=authorization("ü", "ñ"))
    assert upstream(rules, sent) is OPEN
    assert hardened(rules, sent) is OPEN


# basicauth_test.go: prefix and exact "/api", GET and POST, four credentials.
INTEGRATION = {
    "basic_auth_rules": [
        rule(
            **{"prefix": None, match: "/api"},
            request_methods=["GET", "POST"],
            credentials=["ok:test", "admin:admin", "admin2:admin2", "YWRtaW4zOmFkbWluMw=="],
        )
        for match in ("prefix", "exact")
    ]
}
PUBLISHED_TESTS = {
    "CorrectCredentials": (Request("GET", "/api", authorization=f"Basic {OK}"), OPEN),
    "IncorrectCredentials": (
        Request("POST", "/api/reviews/pay", authorization="Basic AtRtaW46YWRtaW4="),
        DENIED,
    ),
    "Base64Credentials": (
        Request("POST", "/api/reviews/pay", authorization="Basic YWRtaW4zOmFkbWluMw=="),
        OPEN,
    ),
    "MissingCredentials": (Request("GET", "/api/reviews/pay"), DENIED),
    "NoPathMatch": (Request("GET", "/secret"), OPEN),
    "NoMethodMatch": (Request("DELETE", "/api/reviews/pay"), OPEN),
    "NoConfigurationCredentialsProvided": (Request("POST", "/api/reviews/pay"), DENIED),
}


@pytest.mark.parametrize(("request_", "verdict"), PUBLISHED_TESTS.values(), ids=PUBLISHED_TESTS)
def test_the_plugins_own_tests_are_core(request_: Request, verdict: Verdict) -> None:
    assert expected(INTEGRATION, request_) == (verdict, "core")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (Request("GET", "/productpage"), (DENIED, "core")),
        (Request("HEAD", "/productpage"), (DENIED, "hardened")),
        (Request("GET", "//productpage"), (DENIED, "hardened")),
        (Request("GET", "/login"), (OPEN, "core")),
        (
            Request("GET", "/productpage", authorization=f"basic {OK}"),
            (OPEN, "hardened"),
        ),
    ],
)
def test_the_level_tells_whether_both_agree(request_: Request, answer: tuple[Verdict, str]) -> None:
    assert expected(PUBLISHED, request_) == answer


def test_a_sample_of_each_rule_is_challenged_by_that_rule() -> None:
    rules = [
        rule(prefix="/a", hosts=["*.foo.com"], request_methods=["PUT", "GET"]),
        rule(prefix=None, suffix=".key", hosts=["foo.*"]),
        rule(prefix=None, exact="/b"),
    ]

    samples = challenged_samples({"basic_auth_rules": rules})

    assert samples == (
        Request("PUT", "/a", "any.foo.com"),
        Request("GET", "/.key", "foo.any"),
        Request("GET", "/b"),
    )
    for one, sample in zip(rules, samples, strict=True):
        assert upstream({"basic_auth_rules": [one]}, sample) is DENIED
