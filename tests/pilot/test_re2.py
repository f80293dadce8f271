"""Patterns compile exactly where Go's RE2 compiles them."""

import pytest

from clusters.pilot import re2
from clusters.pilot.re2 import InvalidRegex

SEARCHED = [
    (r"^1\.9.*", "1.9.9", True),
    (r"^1\.9.*", "1.19.0", False),
    (r"1\.9", "1.31.9", True),
    (r"^1\.9.*", "11.9", False),
    (r"1.9$", "1.9\n", False),
    (r"1\.9\z", "1.9", True),
    (r"(?i)GATEWAY", "gateway", True),
    (r"(?i:G)a", "ga", True),
    (r"(?P<minor>9)", "1.9", True),
    (r"(?<minor>9)", "1.9", True),
    (r"^(1\.9|1\.10)\.", "1.10.2", True),
    (r"[^.]9", "19", True),
    (r"[]a]", "]", True),
    (r"x[]a]y", "xay", True),
    (r"x[^]a]y", "xby", True),
    (r"x[^]a]y", "x]y", False),
    (r"x[\]a]y", "x]y", True),
    (r"[a(?=]", "(", True),
    (r"\(\?=", "(?=", True),
    (r"\.\d", "1.9", True),
    (r"a{2,3}", "aa", True),
    (r"a{,2}", "a", False),
    (r"a{,2}", "a{,2}", True),
    (r"\d", "٣", False),
    (r"a+?b", "aab", True),
]


@pytest.mark.parametrize(("pattern", "text", "found"), SEARCHED)
def test_a_pattern_is_searched_for_anywhere_in_the_text(
    pattern: str, text: str, found: bool
) -> None:
    assert bool(re2.compile(pattern).search(text)) is found


REFUSED = [
    (r"(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
    (r"(?!x)", "invalid or unsupported Perl syntax: `(?!`"),
    (r"(?<=x)y", "invalid or unsupported Perl syntax: `(?<=`"),
    (r"(?<!x)y", "invalid or unsupported Perl syntax: `(?<!`"),
    (r"(?>x)", "invalid or unsupported Perl syntax: `(?>`"),
    (r"(x)\1", r"invalid escape sequence: `\1`"),
    (r"(?P<a>x)(?P=a)", "invalid or unsupported Perl syntax: `(?P=`"),
    (r"a\Z", r"invalid escape sequence: `\Z`"),
    ("a++", "invalid nested repetition operator: `++`"),
    ("a**", "invalid nested repetition operator: `**`"),
    ("*", "missing argument to repetition operator: `*`"),
    ("+1", "missing argument to repetition operator: `+`"),
    ("(a", "missing closing ): `(a`"),
    ("a)", "unexpected ): `a)`"),
    ("[a", "missing closing ]: `[a`"),
    ("x[]", "missing closing ]: `[]`"),
    (r"x[a\]", r"missing closing ]: `[a\]`"),
    ("a|*", "missing argument to repetition operator: `*`"),
    (r"ab\y", r"invalid escape sequence: `\y`"),
    ("a{1001}", "invalid repeat count: `{1001}`"),
    ("a\\", "trailing backslash at end of expression"),
]


@pytest.mark.parametrize(("pattern", "words"), REFUSED)
def test_what_re2_refuses_is_refused_in_gos_words(pattern: str, words: str) -> None:
    with pytest.raises(InvalidRegex) as error:
        re2.compile(pattern)
    assert str(error.value).startswith("error parsing regexp: ")
    assert words in str(error.value)
