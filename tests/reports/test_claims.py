"""The table of claims: what was measured of each, and whether it holds."""

import pytest

from reports import html
from reports.claims import Claim, Measurement, claims
from reports.model import Verdict
from reports.terminal import Line, render
from tests.reports.sample import CLAIM, HOSTILE, SAMPLE, check, report


def test_measurements_of_a_claim_stand_together_in_the_order_of_the_checks() -> None:
    found = claims(
        report(
            (
                check("AUTH-1", "pass", claim="one", measured="1 MB"),
                check("AUTH-2", "pass", claim="two", measured="2 MB"),
                check("AUTH-2", "fail", claim="one", measured="3 MB", filter="basic-auth go"),
                check("AUTH-3", "pass", measured="of no claim"),
            )
        )
    )

    assert found == (
        Claim(
            "one",
            (
                Measurement("basic-auth cpp", "1 MB", "pass"),
                Measurement("basic-auth go", "3 MB", "fail"),
            ),
        ),
        Claim("two", (Measurement("basic-auth cpp", "2 MB", "pass"),)),
    )


@pytest.mark.parametrize(
    ("verdict", "holds"),
    [
        ("pass", "holds"),
        ("fail", "does not hold"),
        ("skipped", "not measured"),
        ("invalid", "not measured"),
        ("inconclusive", "not measured"),
    ],
)
def test_only_a_check_that_passed_lets_a_claim_hold(verdict: Verdict, holds: str) -> None:
    assert Measurement("basic-auth cpp", "", verdict).holds == holds


def test_a_check_without_a_measurement_says_why() -> None:
    (claim,) = claims(report((check("AUTH-1", "skipped", claim="one", message="no\n cargo"),)))

    assert claim.measurements[0].measured == "no cargo"


def test_the_terminal_lines_them_up_in_the_colour_of_the_verdict() -> None:
    shown = render(
        report(
            (
                check("AUTH-1", "pass", claim="One.", measured="1 MB"),
                check("AUTH-1", "fail", claim="One.", measured="2 MB", filter="headers go"),
                check("AUTH-1", "skipped", claim="One.", filter="headers rust"),
            )
        ),
        folder="out",
    )

    at = shown.index(Line("One."))
    assert shown[at + 1 : at + 4] == (
        Line("  holds          basic-auth cpp  1 MB", "green"),
        Line("  does not hold  headers go      2 MB", "red"),
        Line("  not measured   headers rust", "yellow"),
    )


def test_the_page_shows_them_and_escapes_what_was_measured() -> None:
    page = html.render(SAMPLE)

    assert f"<h3>{CLAIM}</h3>" in page
    assert "<td>pid 7 as before</td><td>holds</td>" in page
    assert "<td>cargo not on PATH</td>" in page
    assert HOSTILE not in page


def test_a_report_without_claims_has_no_such_section() -> None:
    assert "Claims" not in html.render(report((check("AUTH-1", "pass"),)))
