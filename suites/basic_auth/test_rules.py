"""Basic auth: several rules together."""

import pytest

from bookinfo.routes import ECHO_HOST
from suites.basic_auth import model
from suites.basic_auth.configurations import rule

pytestmark = pytest.mark.contract("basic-auth")


USERS = {"nobody": None, "ok": ("ok", "test"), "admin": ("admin", "root"), "ops": ("ops", "x:y")}
OVERLAPPING = {
    "basic_auth_rules": [
        rule(prefix="/wide", credentials=["admin:root"]),
        rule(prefix="/wide/deep", credentials=["ok:test"]),
        rule(prefix="/shared", credentials=["admin:root", "ok:test"]),
        rule(prefix="/shared/deep", credentials=["ok:test", "ops:x:y"]),
        rule(prefix="/late/deep", credentials=["ok:test"]),
        rule(prefix="/late", credentials=["admin:root", "ok:test"]),
        rule(prefix="/methods", request_methods=["GET"], credentials=["ok:test"]),
        rule(prefix="/methods", request_methods=["POST", "PUT"], credentials=["admin:root"]),
        rule(prefix="/twice", credentials=["ok:test"]),
        rule(prefix="/twice", credentials=["ok:test", "admin:root"]),
        rule(prefix=None, suffix=".key", credentials=["ops:x:y", "admin:root"]),
        rule(prefix=None, exact="/shared/exact", credentials=["admin:root"]),
        rule(prefix="/hosted", hosts=["other.test"], credentials=["ops:x:y"]),
        rule(prefix="/hosted", hosts=["echo.*"], credentials=["ok:test"]),
    ]
}


@pytest.fixture(scope="module", autouse=True)
def protected(protect, wasm_filter):
    with protect(wasm_filter, OVERLAPPING):
        yield


@pytest.fixture
def status(gateway):
    """The status of a request by one of the users, on a host where every path leads somewhere."""
    return lambda method, path, user: (
        gateway.send(method, path, auth=USERS[user], host=ECHO_HOST).status
    )


#: Path -> who gets in.
EVERY_RULE = {
    "/wide": {"admin"},
    "/wide/x": {"admin"},
    "/wide/deep": set(),
    "/wide/deep/x": set(),
    "/shared": {"admin", "ok"},
    "/shared/deep": {"ok"},
    "/shared/deep/my.key": set(),
    "/shared/my.key": {"admin"},
    "/shared/exact": {"admin"},
    "/late": {"admin", "ok"},
    "/late/deep": {"ok"},
    "/twice": {"ok"},
    "/x/my.key": {"ops", "admin"},
}


@pytest.mark.requirement("AUTH-42", "AUTH-8")
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("path", EVERY_RULE)
def test_every_rule_must_be_satisfied(status, path, user):
    assert status("GET", path, user) == (200 if user in EVERY_RULE[path] else 401)


@pytest.mark.requirement("AUTH-43", "AUTH-8")
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    ("method", "insiders"),
    [("GET", {"ok"}), ("POST", {"admin"}), ("PUT", {"admin"}), ("DELETE", set(USERS))],
    ids=["GET", "POST", "PUT", "DELETE"],
)
def test_each_method_has_its_own_credentials(status, method, insiders, user):
    assert status(method, "/methods", user) == (200 if user in insiders else 401)


@pytest.mark.requirement("AUTH-40", "AUTH-8")
@pytest.mark.parametrize("user", USERS)
def test_each_host_has_its_own_credentials(status, user):
    assert status("GET", "/hosted", user) == (200 if user == "ok" else 401)


COMBINED = [
    (method, path, user)
    for method in ("GET", "HEAD", "POST", "DELETE")
    for path in ("/wide/deep.key", "/late/x", "/methods/x", "/twice?x=1", "/my.key?x", "/open")
    for user in USERS
]


def expectation(method, path, user):
    auth = USERS[user]
    sent = model.Request(method, path, ECHO_HOST, auth and model.authorization(*auth))
    return model.expected(OVERLAPPING, sent)


@pytest.mark.parametrize(
    ("method", "path", "user", "verdict"),
    [
        pytest.param(
            *combination,
            expectation(*combination)[0],
            id="-".join(combination),
            marks=pytest.mark.requirement(
                {"core": "AUTH-44", "hardened": "AUTH-45"}[expectation(*combination)[1]]
            ),
        )
        for combination in COMBINED
    ],
)
def test_every_combination_is_answered_as_the_rules_say(
    gateway, bookinfo, method, path, user, verdict
):
    with bookinfo.watching() as reached:
        reply = gateway.send(method, path, auth=USERS[user], host=ECHO_HOST)

    assert (reply.status == 401) is (verdict is model.Verdict.CHALLENGE)
    assert bool(reached.received) is (verdict is model.Verdict.PASS)
