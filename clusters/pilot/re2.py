"""Go's RE2 syntax on Python's `re`: the same patterns compile, the same patterns are refused.

RE2 has no lookaround, no backreferences and no possessive or atomic groups, so a pattern with one
is an error in Istio although Python would run it.
"""

import re
from functools import lru_cache

_GROUP_STARTS = ("(?:", "(?P<", "(?<")
_REFUSED_STARTS = ("(?=", "(?!", "(?<=", "(?<!", "(?>", "(?P=", "(?(", "(?#", "(?P>")
_FLAGS = re.compile(r"\(\?[imsU]*(-[imsU]+)?[:)]")
_COUNT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_MOST_REPEATS = 1000


class InvalidRegex(ValueError):
    """The text is no RE2 pattern; the message is the one Go gives."""


@lru_cache(maxsize=512)
def compile(pattern: str) -> re.Pattern[str]:
    """Return a pattern for `search`; raises InvalidRegex."""
    translated = _translate(pattern)
    try:
        return re.compile(translated, re.ASCII)
    except re.error as error:
        raise InvalidRegex(f"error parsing regexp: {_in_go(error, pattern)}") from error


def _translate(pattern: str) -> str:
    made: list[str] = []
    at = 0
    repeated = False
    while at < len(pattern):
        piece, known_as = _next(pattern, at)
        if repeated and piece in ("+", "*"):
            raise _refused("invalid nested repetition operator", pattern[at - 1 : at + 1])
        repeated = piece in ("+", "*", "?") or bool(_COUNT.fullmatch(piece))
        made.append(known_as)
        at += len(piece)
    return "".join(made)


def _next(pattern: str, at: int) -> tuple[str, str]:
    """Return the next piece of a pattern and how Python writes it."""
    char = pattern[at]
    if char == "\\":
        return _escape(pattern, at)
    if char == "[":
        piece = _class(pattern, at)
        return piece, piece
    if char == "(":
        return _group(pattern, at)
    if char == "{" and (count := _COUNT.match(pattern, at)):
        if any(int(number) > _MOST_REPEATS for number in count.groups() if number):
            raise _refused("invalid repeat count", count[0])
        return count[0], count[0]
    return char, {"$": "\\Z", "{": "\\{"}.get(char, char)


def _escape(pattern: str, at: int) -> tuple[str, str]:
    piece = pattern[at : at + 2]
    if len(piece) == 1:
        raise InvalidRegex("error parsing regexp: trailing backslash at end of expression: ``")
    if piece[1] == "z":
        return piece, "\\Z"
    if piece[1] in "123456789Z" or piece[1] in "pPQEC":
        raise _refused("invalid escape sequence", piece)
    return piece, piece


def _class(pattern: str, at: int) -> str:
    end = at + 1
    if pattern[end : end + 1] == "^":
        end += 1
    if pattern[end : end + 1] == "]":
        end += 1
    while end < len(pattern) and pattern[end] != "]":
        if pattern.startswith("[:", end):
            raise _refused("not built yet: invalid character class range", pattern[end : end + 2])
        end += 2 if pattern[end] == "\\" else 1
    if end >= len(pattern):
        raise _refused("missing closing ]", pattern[at:])
    return pattern[at : end + 1]


def _group(pattern: str, at: int) -> tuple[str, str]:
    if not pattern.startswith("(?", at):
        return "(", "("
    for start in _REFUSED_STARTS:
        if pattern.startswith(start, at):
            raise _refused("invalid or unsupported Perl syntax", start)
    for start in _GROUP_STARTS:
        if pattern.startswith(start, at):
            return start, "(?P<" if start.endswith("<") else start
    flags = _FLAGS.match(pattern, at)
    if not flags or "U" in flags[0]:
        raise _refused("invalid or unsupported Perl syntax", pattern[at : at + 3])
    return flags[0], flags[0]


def _refused(what: str, where: str) -> InvalidRegex:
    return InvalidRegex(f"error parsing regexp: {what}: `{where}`")


def _in_go(error: re.error, pattern: str) -> str:
    if error.msg.startswith("nothing to repeat"):
        return f"missing argument to repetition operator: `{pattern[(error.pos or 0) :][:1]}`"
    if "unterminated subpattern" in error.msg:
        return f"missing closing ): `{pattern}`"
    if error.msg.startswith("unbalanced parenthesis"):
        return f"unexpected ): `{pattern}`"
    if error.msg.startswith("bad escape"):
        return f"invalid escape sequence: `{pattern[(error.pos or 0) :][:2]}`"
    return error.msg
