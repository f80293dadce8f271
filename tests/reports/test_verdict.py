import pytest

from reports.model import Level, Summary, Verdict
from reports.verdict import overall, overviews, sentence, strictest, summarise
from tests.reports.sample import REQUIREMENTS, SAMPLE, check, report

KNOWN = {each.id: each for each in REQUIREMENTS}
CORE, HARDENED, COMPAT = "AUTH-1", "AUTH-20", "AUTH-40"


@pytest.mark.parametrize(
    ("ended", "level", "incomplete", "verdict"),
    [
        ([(CORE, "pass")], "core", "", "pass"),
        ([(CORE, "pass"), (CORE, "fail")], "core", "", "fail"),
        ([(CORE, "pass"), (HARDENED, "fail")], "core", "", "pass"),
        ([(CORE, "pass"), (HARDENED, "fail")], "hardened", "", "fail"),
        ([(CORE, "pass"), (COMPAT, "fail")], "hardened", "", "pass"),
        ([(CORE, "pass"), (COMPAT, "fail")], "compat", "", "fail"),
        ([(CORE, "pass")], "core", "interrupted", "invalid"),
        ([(CORE, "fail")], "core", "interrupted", "fail"),
        ([(CORE, "pass"), (CORE, "skipped")], "core", "", "pass"),
        ([(CORE, "pass"), (CORE, "inconclusive")], "core", "", "pass"),
        ([(CORE, "inconclusive")], "core", "", "inconclusive"),
        ([(CORE, "invalid"), (CORE, "skipped")], "core", "", "inconclusive"),
        ([(CORE, "skipped")], "core", "", "skipped"),
        ([(HARDENED, "pass")], "core", "", "skipped"),
        ([], "core", "", "skipped"),
        ([], "core", "usage error", "invalid"),
    ],
)
def test_a_run_has_one_verdict(
    ended: list[tuple[str, Verdict]], level: Level, incomplete: str, verdict: Verdict
) -> None:
    checks = [check(rule, outcome) for rule, outcome in ended]

    assert overall(checks, level, incomplete) == verdict


@pytest.mark.parametrize(
    ("levels", "first"),
    [(["compat", "core"], "core"), (["compat", "hardened"], "hardened"), (["compat"], "compat")],
    ids=["core", "hardened", "compat"],
)
def test_the_strictest_level_is_the_one_judged_first(levels: list[Level], first: Level) -> None:
    assert strictest(levels) == first


def test_counts_are_kept_per_filter_and_level() -> None:
    checks = [
        check(CORE, "pass"),
        check(CORE, "fail", case="POST"),
        check(CORE, "skipped", case="PUT"),
        check(HARDENED, "invalid"),
        check(CORE, "inconclusive", filter="basic-auth rust"),
        check("DLV-1", "pass", filter=""),
    ]

    assert summarise(checks, KNOWN) == (
        Summary(
            subject="basic-auth cpp", release="1.9.9", level="core", passed=1, failed=1, skipped=1
        ),
        Summary(subject="basic-auth cpp", release="1.9.9", level="hardened", invalid=1),
        Summary(subject="basic-auth rust", release="1.9.9", level="core", inconclusive=1),
        Summary(subject="delivery", release="1.9.9", level="core", passed=1),
    )


def test_one_line_per_filter_counts_apart_what_was_not_decided() -> None:
    lines = overviews(
        [
            Summary(subject="basic-auth cpp", level="core", passed=57, skipped=2),
            Summary(subject="basic-auth cpp", level="hardened", passed=11, failed=1, skipped=1),
            Summary(subject="basic-auth rust", level="core", skipped=60),
            Summary(subject="headers cpp", level="core", passed=3, invalid=1, inconclusive=2),
        ]
    )

    assert [str(line) for line in lines] == [
        "basic-auth cpp · core 57/57 · hardened 11/12 · 3 skipped",
        "basic-auth rust · 60 skipped",
        "headers cpp · core 3/3 · 1 invalid · 2 inconclusive",
    ]


def test_an_overview_knows_the_levels_that_fall_short() -> None:
    (found,) = overviews(
        [
            Summary(subject="basic-auth cpp", level="core", passed=57, skipped=2),
            Summary(subject="basic-auth cpp", level="hardened", passed=11, failed=1),
        ]
    )

    assert found.failed == {"hardened"}


def test_the_sentence_of_a_pass_names_what_was_judged_and_on_what() -> None:
    passed = report((check(CORE, "pass"), check(HARDENED, "pass"), check(COMPAT, "fail")))

    assert sentence(passed) == (
        "PASS: basic-auth cpp passes 1 of 1 core checks"
        " on Istio 1.9.9 (embedded semantics), Envoy 1.40.0"
    )
    assert sentence(passed.model_copy(update={"level": "hardened", "facts": {}})) == (
        "PASS: basic-auth cpp passes 1 of 1 core and 1 of 1 hardened checks"
    )


def test_the_sentence_never_makes_a_skipped_filter_look_judged() -> None:
    mixed = report(
        (
            check(CORE, "pass"),
            check(CORE, "skipped", case="POST"),
            check(CORE, "skipped", filter="basic-auth rust"),
        )
    )

    assert sentence(mixed).startswith(
        "PASS: basic-auth cpp passes 1 of 1 core checks (1 not judged);"
        " basic-auth rust was not judged on Istio"
    )


def test_the_sentence_of_a_cut_run_says_why_it_was_cut() -> None:
    assert sentence(report((), incomplete="interrupted")).startswith("INVALID: no check ran on")
    assert sentence(report((), incomplete="interrupted")).endswith("incomplete: interrupted")
    assert sentence(SAMPLE).startswith("FAIL: ")
