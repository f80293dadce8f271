"""The reader of challenges takes what RFC 9110 lets a server write, and nothing else."""

import pytest

from suites.basic_auth.challenge import Challenge, InvalidChallenge, Parameter, parse


def realm(value: str, *, quoted: bool = True) -> Parameter:
    return Parameter("realm", value, quoted)


WELL_FORMED = {
    'Basic realm="istio"': [Challenge("Basic", (realm("istio"),))],
    "Basic realm=istio": [Challenge("Basic", (realm("istio", quoted=False),))],
    'Basic realm=""': [Challenge("Basic", (realm(""),))],
    'Basic realm="a \\"b\\" \\\\ c"': [Challenge("Basic", (realm('a "b" \\ c'),))],
    'Basic realm="a, Digest realm=b"': [Challenge("Basic", (realm("a, Digest realm=b"),))],
    'Basic realm="Gr\xc3\xb6\xc3\x9fe"': [Challenge("Basic", (realm("Gr\xc3\xb6\xc3\x9fe"),))],
    'Basic  realm="x"': [Challenge("Basic", (realm("x"),))],
    'Basic realm="x", charset="UTF-8"': [
        Challenge("Basic", (realm("x"), Parameter("charset", "UTF-8", True)))
    ],
    'Basic realm="x",charset=UTF-8': [
        Challenge("Basic", (realm("x"), Parameter("charset", "UTF-8", False)))
    ],
    "Negotiate": [Challenge("Negotiate")],
    "Negotiate YWJj==": [Challenge("Negotiate", token68="YWJj==")],
    "Newauth a": [Challenge("Newauth", token68="a")],
    'Negotiate, Basic realm="x"': [Challenge("Negotiate"), Challenge("Basic", (realm("x"),))],
    'Basic realm="x", Negotiate': [Challenge("Basic", (realm("x"),)), Challenge("Negotiate")],
    # The example of RFC 9110 section 11.6.1.
    'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""': [
        Challenge("Basic", (realm("simple"),)),
        Challenge(
            "Newauth",
            (
                realm("apps"),
                Parameter("type", "1", False),
                Parameter("title", 'Login to "apps"', True),
            ),
        ),
    ],
}


@pytest.mark.parametrize(("value", "challenges"), WELL_FORMED.items(), ids=WELL_FORMED)
def test_a_well_formed_value_is_read(value: str, challenges: list[Challenge]) -> None:
    assert parse(value) == tuple(challenges)


ILL_FORMED = [
    "",
    " ",
    ' Basic realm="x"',
    'Basic realm="x" ',
    "Basic ",
    "Basic realm=My App",
    'Basic realm=a"b"',
    'Basic realm="open',
    'Basic realm="a"b"',
    'Basic realm="back\\"',
    'Basic realm = "x"',
    'Basic realm="x",',
    'Basic realm="x",,charset=a',
    ', Basic realm="x"',
    'Basic realm="x" charset="UTF-8"',
    'Basic realm="x", realm="y"',
    'Basic realm="x", Realm="y"',
    'Basic realm="x";charset=a',
    'Basic\trealm="x"',
    'Basic realm="line\nend"',
    'Bas:ic realm="x"',
    "Basic =",
    'Basic "x"',
    'Basic realm="x"\n',
]


@pytest.mark.parametrize("value", ILL_FORMED, ids=repr)
def test_an_ill_formed_value_is_refused(value: str) -> None:
    with pytest.raises(InvalidChallenge):
        parse(value)


def test_an_error_says_where() -> None:
    with pytest.raises(InvalidChallenge, match="no comma at position 9 of"):
        parse("Negotiate;x")


@pytest.mark.parametrize("name", ["realm", "Realm", "REALM"])
def test_a_parameter_is_found_in_any_letter_case(name: str) -> None:
    (challenge,) = parse(f'Basic {name}="x"')

    found = challenge.parameter("realm")
    assert found is not None
    assert found.value == "x"
    assert challenge.parameter("charset") is None
