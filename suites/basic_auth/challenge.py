"""A strict reader of challenges, RFC 9110 sections 11.2 to 11.6.1: what a client must understand.

Strict means: what a recipient may tolerate and a sender must not write is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"'
_END = r"(?=[ \t]*(?:,|\Z))"
SCHEME = re.compile(_TOKEN)
SPACES = re.compile(r" +")
PARAMETER = re.compile(rf"({_TOKEN})=(?:{_QUOTED}|({_TOKEN})){_END}")
TOKEN68 = re.compile(rf"[A-Za-z0-9\-._~+/]+=*{_END}")
COMMA = re.compile(r"[ \t]*,[ \t]*")


class InvalidChallenge(ValueError):
    """A WWW-Authenticate value that does not follow the grammar; the text says where."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `name=value` of a challenge; `quoted` tells whether it was a quoted-string."""

    name: str
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme with its parameters, or with a token68 in their place."""

    scheme: str
    parameters: tuple[Parameter, ...] = ()
    token68: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of this name, whatever its letter case; None if absent."""
        return next((p for p in self.parameters if p.name.lower() == name), None)


def parse(value: str) -> tuple[Challenge, ...]:
    """Return the challenges of one WWW-Authenticate value; raises InvalidChallenge."""
    challenges = []
    at = 0
    while True:
        challenge, at = _challenge(value, at)
        challenges.append(challenge)
        if at == len(value):
            return tuple(challenges)
        at = _expect(COMMA, value, at, "comma").end()


def _challenge(value: str, at: int) -> tuple[Challenge, int]:
    scheme = _expect(SCHEME, value, at, "scheme")
    at = scheme.end()
    spaces = SPACES.match(value, at)
    if spaces is None:
        return Challenge(scheme[0]), at
    at = spaces.end()
    parameters: list[Parameter] = []
    found = PARAMETER.match(value, at)
    if found is None:
        token68 = _expect(TOKEN68, value, at, "parameter or token68")
        return Challenge(scheme[0], token68=token68[0]), token68.end()
    while found is not None:
        name, quoted, token = found.groups()
        if any(name.lower() == other.name.lower() for other in parameters):
            raise InvalidChallenge(f"{name} for the second time in {value!r}")
        text = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        parameters.append(Parameter(name, text, quoted is not None))
        at = found.end()
        comma = COMMA.match(value, at)
        found = PARAMETER.match(value, comma.end()) if comma else None
    return Challenge(scheme[0], tuple(parameters)), at


def _expect(pattern: re.Pattern[str], value: str, at: int, what: str) -> re.Match[str]:
    if (found := pattern.match(value, at)) is None:
        raise InvalidChallenge(f"no {what} at position {at} of {value!r}")
    return found
